/**
 * The names of things in the rules. Outside, auctions and users have long unguessable ids; inside
 * a shard both are small numbers (refs), given out in log order, so that state and records stay
 * compact and every look-up is an array index.
 */
import { WIRE } from '../config/limits.ts';
import type { Brand } from '../lib/brand.ts';

/** 22 letters and digits (130 random bits), made by the gateway. */
export type AuctionId = Brand<string, 'AuctionId'>;
/** The subject of a token: 1 to 64 characters. */
export type UserId = Brand<string, 'UserId'>;

/** Number of an auction within its shard, from 1 in the order of listing. */
export type AuctionRef = Brand<number, 'AuctionRef'>;
/** Number of a user within a shard, from 1 in the order of first appearance. 0: nobody. */
export type UserRef = Brand<number, 'UserRef'>;

export const NOBODY = 0 as UserRef;

export const AUCTION_ID_LENGTH = WIRE.auctionIdChars;
export const AUCTION_ID_PATTERN = /^[0-9A-Za-z]{22}$/;
