import assert from 'node:assert/strict';
import { createMetrics } from './metrics.ts';

describe('metrics', () => {
  it('are written with their prefix, labels, component and node', async () => {
    const metrics = createMetrics('agenda', 'agenda-1');
    metrics.counter('commands_total', 'Commands applied.', ['outcome']).inc({ outcome: 'ok' }, 3);
    metrics.gauge('applied_index', 'Last applied index.').set(7);
    metrics.histogram('apply_seconds', 'Time of one batch.').observe(0.002);
    const text = await metrics.registry.metrics();
    assert.match(text, /^agenda_commands_total\{outcome="ok",component="agenda",node="agenda-1"\} 3$/m);
    assert.match(text, /^agenda_applied_index\{component="agenda",node="agenda-1"\} 7$/m);
    assert.match(text, /^agenda_apply_seconds_bucket\{le="0.0025",component="agenda",node="agenda-1"\} 1$/m);
    assert.match(text, /^agenda_process_cpu_seconds_total/m);
  });

  it('of two components in one process are apart', async () => {
    const [first, second] = [createMetrics('agenda', 'a'), createMetrics('audit', 'a')];
    first.counter('x_total', 'X.').inc();
    second.counter('x_total', 'X.');
    assert.match(await second.registry.metrics(), /^agenda_x_total\{component="audit",node="a"\} 0$/m);
  });
});
