/** Changes a source text while it is loaded: what is on disk stays as it is. Preloaded, with MUTANT naming which. */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../root.ts';
import { MUTANTS } from './table.ts';

const wanted = process.env.MUTANT ?? '';
const mutant = MUTANTS.find(({ name }) => name === wanted);
if (!mutant) throw new Error(`there is no mutant ${JSON.stringify(wanted)}`);
const { file, original, replaced } = mutant;
const target = pathToFileURL(`${ROOT}${file}`).href;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (url !== target) return loaded;
    const source = Buffer.from(loaded.source as Uint8Array).toString();
    const parts = source.split(original);
    if (parts.length !== 2)
      throw new Error(`${file} holds the text that ${wanted} changes ${parts.length - 1} times, not once`);
    return { ...loaded, source: parts.join(replaced) };
  },
});
