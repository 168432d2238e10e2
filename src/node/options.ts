/** The configuration as the rooms take it: each gets what it needs, under its own names. */
import type { RuleSettings } from '../auction/settings.ts';
import { RULE_SETTINGS } from '../auction/settings.ts';
import type { IncrementsByCurrency } from '../auction/increments.ts';
import type { Settings } from '../config/settings.ts';
import type { GatewayLimits } from '../gateway/gateway-limits.ts';
import { GATEWAY_LIMITS } from '../gateway/gateway-limits.ts';

export function ruleSettings({ rules }: Settings): RuleSettings {
  const { outageCredit, retraction } = rules;
  return {
    ...RULE_SETTINGS,
    bidsPerMinuteMax: rules.bidsPerMinuteMax,
    fatFingerFactor: rules.fatFingerFactor,
    softClose: rules.softClose,
    // Checked by the schema; only the brand is missing.
    incrementsByCurrency: rules.incrementsByCurrency as unknown as IncrementsByCurrency,
    categories: rules.categories,
    outageCreditWithinMs: outageCredit.policy === 'exact' ? outageCredit.withinMs : null,
    retractAllBeforeEndMs: retraction.allBeforeMs,
    retractNewestWithinMs: retraction.newestWithinMs,
    cancelBeforeEndMs: rules.earlyEndMs,
    additionsBeforeEndMs: rules.additionsBeforeMs,
    durationMsMin: rules.minDurationMs,
    durationMsMax: rules.maxDurationMs,
  };
}

export function gatewayLimits({ limits, server, overload }: Settings): GatewayLimits {
  return {
    ...GATEWAY_LIMITS,
    connectionsMax: limits.connections,
    connectionsPerAddressMax: limits.connectionsPerIp,
    connectionsPerUserMax: limits.connectionsPerUser,
    subscriptionsPerConnectionMax: limits.subscriptionsPerConnection,
    inFlightPerConnectionMax: limits.inFlight,
    framesPerSecond: limits.framesPerSecond,
    bytesPerSecond: limits.bytesPerSecond,
    commandsPerSecondAndUser: limits.commandsPerSecond,
    requestsPerSecondAndAddress: limits.requestsPerSecond,
    signInsPerSecondAndAddress: limits.signInsPerSecond,
    backPressureBytesMax: limits.backPressureBytes,
    slowConsumerBytes: Math.floor(limits.backPressureBytes / 2),
    conflationMs: server.conflationMs,
    helloTimeoutMs: limits.helloTimeoutMs,
    idleTimeoutMs: limits.idleTimeoutMs,
    tickMs: limits.tickMs,
    answerTimeoutMs: limits.answerTimeoutMs,
    targetAgeMs: overload.targetAgeMs,
    priorityTiers: overload.priorityTiers,
    watchOnlyByItself: overload.watchOnly.byItself,
    watchOnlyAfterMs: overload.watchOnly.afterMs,
    watchOnlyRecoveryMs: overload.watchOnly.recoveryMs,
    watchOnlyTickMs: overload.watchOnly.tickMs,
  };
}
