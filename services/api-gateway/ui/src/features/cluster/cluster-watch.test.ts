import assert from 'node:assert/strict';
import type { ClusterReport } from '../../api/cluster-api.ts';
import { ClusterWatch } from './cluster-watch.ts';

const REPORT = { health: {}, nodes: [] } as unknown as ClusterReport;

/** @returns once the watch has changed its state so often. */
function changes(watch: ClusterWatch, count: number): Promise<void> {
  let left = count;
  return new Promise((resolve) => {
    const stop = watch.state.subscribe(() => {
      left -= 1;
      if (left > 0) return;
      stop();
      resolve();
    });
  });
}

describe('the watch over the cluster', () => {
  it('asks on, and keeps the last report when there is no answer', async () => {
    let asked = 0;
    const report = async () => {
      asked += 1;
      if (asked > 1) throw new Error('away');
      return REPORT;
    };
    const watch = new ClusterWatch({ report }, 0);
    const seen = changes(watch, 2);
    watch.start();
    await seen;
    watch.stop();
    assert.deepEqual(watch.state.get(), { report: REPORT, error: 'away' });
  });

  it('asks nothing more once it is stopped, and takes no late answer', async () => {
    const answer = Promise.withResolvers<ClusterReport>();
    let asked = 0;
    const report = () => {
      asked += 1;
      return answer.promise;
    };
    const watch = new ClusterWatch({ report }, 0);
    watch.start();
    watch.stop();
    answer.resolve(REPORT);
    await answer.promise;
    await new Promise(setImmediate);
    assert.equal(watch.state.get().report, null);
    assert.equal(asked, 1);
  });
});
