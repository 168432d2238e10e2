/**
 * The rules about who knows whom: the table of rooms, packages kept to one room, no circles, and
 * no file that nothing uses.
 */
import { ENTRY_POINTS, PACKAGE_ROOMS, ROOMS } from './rooms.ts';
import type { Access, RoomTable } from './rooms.ts';
import type { Import, Source } from './source.ts';
import type { Violation } from './violation.ts';

/** Imports between rooms follow the table; packages stay in their rooms. */
export function rooms(sources: readonly Source[]): Violation[] {
  return sources.flatMap((source) => {
    if (!Object.hasOwn(ROOMS, source.room)) {
      const what = source.room === '' ? 'this file lies in no room' : `unknown room ${source.room}`;
      return [at(source, 1, 'rooms', `${what}: move it, or add the room to test/tidy/rooms.ts`)];
    }
    return source.imports.flatMap((each) => {
      const problem =
        each.target === undefined ? packageProblem(source, each) : roomProblem(source, each);
      return problem === undefined ? [] : [at(source, each.line, 'rooms', problem)];
    });
  });
}

function packageProblem(source: Source, each: Import): string | undefined {
  const homes = Object.entries(PACKAGE_ROOMS).find(
    ([name]) => each.specifier === name || each.specifier.startsWith(`${name}/`),
  )?.[1];
  if (homes === undefined || homes.includes(source.room)) return undefined;
  return `only ${homes.join(', ')} may import ${each.specifier}; ask that room for what you need`;
}

function roomProblem(source: Source, each: Import): string | undefined {
  const [room = '', ...rest] = (each.target ?? '').split('/');
  if (room === '..') {
    // A data file may be read from where it lies, like the version in package.json.
    if (each.kind === 'address' && !each.specifier.endsWith('.ts')) return undefined;
    return `src/ may not import ${each.specifier}, which lies outside of it`;
  }
  if (room === source.room) return undefined;
  const known = ROOMS[source.room] ?? {};
  const access = known[room];
  if (access === 'all') return undefined;
  if (access === 'types') {
    if (each.kind === 'type') return undefined;
    return `${source.room} may know only types of ${room}: write \`import type\`, or move the code`;
  }
  if (access?.includes(rest.join('/')) === true) return undefined;
  const list = Object.entries(known).map(([name, may]) => describe(name, may));
  return (
    `${source.room} may not import ${each.target}; it knows ${list.join(', ') || 'no other room'}. ` +
    'Pass it in as an argument, move the code, or change the table in test/tidy/rooms.ts'
  );
}

function describe(room: string, access: Access): string {
  if (access === 'all') return room;
  if (access === 'types') return `${room} (types)`;
  return access.map((file) => `${room}/${file}`).join(', ');
}

/** No file needs itself to be loaded, and no room is known to a room that it knows. */
export function circles(sources: readonly Source[]): Violation[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const files = new Map<string, string[]>();
  const roomGraph = new Map<string, string[]>();
  for (const source of sources) {
    const own = source.imports.filter(({ target }) => target !== undefined && byPath.has(target));
    const loaded = own.filter(({ kind }) => kind === 'value' || kind === 'lazy');
    files.set(
      source.path,
      loaded.flatMap(({ target }) => target ?? []),
    );
    const known = own.map(({ target = '' }) => byPath.get(target)?.room ?? '');
    const others = known.filter((room) => room !== source.room);
    roomGraph.set(source.room, [...(roomGraph.get(source.room) ?? []), ...others]);
  }
  return [
    ...findCircles(files).map((circle) =>
      violation(`src/${circle[0]}`, `files import each other in a circle: ${circle.join(' → ')}`),
    ),
    ...findCircles(roomGraph).map((circle) =>
      violation(`src/${circle[0]}`, `rooms know each other in a circle: ${circle.join(' → ')}`),
    ),
  ];
}

/** The table itself: it names only rooms that it has, and has no circle. */
export function roomTable(table: RoomTable): Violation[] {
  const file = 'test/tidy/rooms.ts';
  const graph = new Map(Object.entries(table).map(([room, known]) => [room, Object.keys(known)]));
  const unknown = [...new Set([...graph.values()].flat())].filter((room) => !graph.has(room));
  return [
    ...unknown.map((room) =>
      violation(file, `the table names the room ${room} but has no entry for it`),
    ),
    ...findCircles(graph).map((circle) =>
      violation(file, `the table has a circle: ${circle.join(' → ')}`),
    ),
  ];
}

function violation(file: string, message: string): Violation {
  return { rule: 'circles', file, line: 1, message: `${message}. Turn one of the imports round` };
}

/** Walks depth first; an edge back into the path that is being walked closes a circle. */
export function findCircles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (name: string): void => {
    if (path.includes(name)) {
      found.push([...path.slice(path.indexOf(name)), name]);
      return;
    }
    if (done.has(name)) return;
    path.push(name);
    for (const next of new Set(graph.get(name))) walk(next);
    path.pop();
    done.add(name);
  };
  for (const name of graph.keys()) walk(name);
  return found;
}

/** Every file is reached from an entry point. */
export function unused(sources: readonly Source[]): Violation[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const waiting = [...byPath.keys()].filter((path) =>
    ENTRY_POINTS.some((entry) => entry.test(path)),
  );
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const source = byPath.get(path);
    if (source === undefined || reached.has(path)) continue;
    reached.add(path);
    waiting.push(...source.imports.flatMap(({ target }) => target ?? []));
  }
  return sources
    .filter(({ path }) => !reached.has(path))
    .map((source) =>
      at(source, 1, 'unused', 'no entry point reaches this file: use it, or delete it'),
    );
}

function at(source: Source, line: number, rule: string, message: string): Violation {
  return { rule, file: `src/${source.path}`, line, message };
}
