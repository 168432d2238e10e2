/** A process that takes a data folder and holds it until its input ends: FOLDER. */
import { takeDataFolder } from '../../src/journal/data-folder.ts';

const [folder = ''] = process.argv.slice(2);
try {
  const { meta } = takeDataFolder(folder, { shards: 2, shardsDefault: 1, nowMs: 1 });
  console.log(`took ${meta.shards}`);
  process.stdin.resume();
} catch (error) {
  console.log((error as Error).name);
}
