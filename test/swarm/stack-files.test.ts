/** The stack files as text: what must hold in them wherever they are deployed. What they do is test/swarm/cases. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';

const FOLDER = join(import.meta.dirname, '../../deploy/swarm');
const SLOT = '{{.Task.Slot}}';
/** What the processes of a pod may take to stop in order, and a little more (packages/pod/src/children.ts). */
const ORDERED_STOP_SECONDS = 29;

// biome-ignore lint/suspicious/noExplicitAny: whatever stands in the file; the tests assert its shape.
type Yaml = any;

function read(file: string): Yaml {
  return load(readFileSync(join(FOLDER, file), 'utf8'));
}

function seconds(duration: string): number {
  const match = /^(\d+)(s|m)$/.exec(duration);
  assert.ok(match, `${duration} is a duration`);
  return Number(match[1]) * (match[2] === 'm' ? 60 : 1);
}

describe('the stack file', () => {
  const stack = read('stack.yml');
  const { agenda } = stack.services;
  const { deploy, environment, healthcheck } = agenda;

  it('runs seven replicas, at most four on a host, on labelled hosts, spread over zones', () => {
    assert.equal(deploy.replicas, 7);
    assert.equal(deploy.placement.max_replicas_per_node, 4);
    assert.deepEqual(deploy.placement.constraints, ['node.labels.agenda == true']);
    assert.deepEqual(deploy.placement.preferences, [{ spread: 'node.labels.zone' }]);
    assert.equal(environment.BOOTSTRAP_EXPECT, `\${BOOTSTRAP_EXPECT:-${deploy.replicas}}`);
  });

  it('names each replica after its slot, and finds the others by the name of the service', () => {
    assert.equal(environment.NODE_ID, `agenda-${SLOT}`);
    assert.equal(environment.ADVERTISE_ADDR, '{{.Task.Name}}:7000');
    assert.equal(environment.SWARM_SERVICE_NAME, 'agenda');
  });

  it('gives each slot a volume of its own, under the only key where the template works', () => {
    const mounts = agenda.volumes.filter(({ type }: Yaml) => type === 'volume');
    assert.deepEqual(mounts, [{ type: 'volume', source: 'data', target: '/data' }]);
    assert.deepEqual(stack.volumes, { data: { name: `agenda-data-${SLOT}` } });
  });

  it('takes every secret from a file that the swarm holds, and none from the environment', () => {
    for (const name of ['CLUSTER_HMAC_SECRET', 'JWT_SECRET', 'AUDIT_API_TOKEN']) {
      assert.equal(environment[name], undefined);
      const target = environment[`${name}_FILE`].replace('/run/secrets/', '');
      const mounted = agenda.secrets.find((secret: Yaml) => secret.target === target);
      assert.ok(mounted, `${name} is mounted`);
      assert.equal(mounted.uid, '1000');
      assert.equal(stack.secrets[mounted.source].external, true);
    }
  });

  it('leaves the container nothing to write to but its data and a bounded /tmp', () => {
    assert.equal(agenda.read_only, true);
    assert.deepEqual(agenda.cap_drop, ['ALL']);
    assert.equal(agenda.init, true);
    const tmp = agenda.volumes.find(({ type }: Yaml) => type === 'tmpfs');
    assert.ok(tmp.tmpfs.size > 0);
    assert.equal(agenda.logging.options['max-size'], '10m');
  });

  it('bounds memory and processors', () => {
    assert.equal(deploy.resources.limits.memory, '768M');
    assert.ok(deploy.resources.limits.cpus);
    assert.ok(deploy.resources.reservations.memory);
  });

  it('updates one at a time, by the health of the new task, and rolls back what fails', () => {
    const { update_config: update } = deploy;
    assert.equal(update.parallelism, 1);
    assert.equal(update.order, 'stop-first', 'two tasks of a slot would meet on one volume');
    assert.equal(update.failure_action, 'rollback');
    assert.equal(update.max_failure_ratio, 0);
    assert.deepEqual(healthcheck.test, ['CMD', 'node', 'packages/pod/src/health-check.ts']);
    assert.ok(seconds(update.monitor) >= seconds(healthcheck.interval) * healthcheck.retries);
    assert.ok(deploy.rollback_config);
  });

  it('gives a pod the time for its ordered stop', () => {
    assert.ok(seconds(agenda.stop_grace_period) > ORDERED_STOP_SECONDS);
  });

  it('publishes the gateway alone, on every host', () => {
    assert.deepEqual(agenda.ports, [{ target: 8080, published: 8080, protocol: 'tcp', mode: 'ingress' }]);
    assert.equal(stack.networks.agenda_net.driver, 'overlay');
  });
});

describe('the image', () => {
  const dockerfile = readFileSync(join(FOLDER, 'Dockerfile'), 'utf8');

  it('is built from a base that can be chosen, ends as another user than root, and checks its health', () => {
    assert.match(dockerfile, /^ARG BASE_IMAGE=node:26-bookworm-slim$/m);
    assert.equal(
      dockerfile.match(/^FROM /gm)?.length,
      dockerfile.match(/^FROM (\$\{BASE_IMAGE\}|manifests)/gm)?.length,
    );
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    assert.match(last, /^USER node$/m);
    assert.match(last, /^HEALTHCHECK /m);
    assert.match(last, /org\.opencontainers\.image\.revision/);
  });

  it('knows the manifest of every workspace', () => {
    const { workspaces } = JSON.parse(readFileSync(join(FOLDER, '../../package.json'), 'utf8'));
    for (const workspace of workspaces)
      assert.match(dockerfile, new RegExp(`^COPY ${workspace}/package.json ${workspace}/$`, 'm'));
  });

  it('resolves names without blocking: those of tasks that are gone must not delay calls to living ones', () => {
    assert.match(dockerfile, /GRPC_NODE_USE_ALTERNATIVE_RESOLVER=true/);
  });
});

describe('each file of deploy/swarm', () => {
  const files = readdirSync(FOLDER).filter((name) => /\.ya?ml$/.test(name));

  for (const file of files)
    it(`${file} is YAML in which every secret and config that a service names is declared`, () => {
      const { services = {}, secrets = {}, configs = {} } = read(file);
      for (const service of Object.values<Yaml>(services)) {
        for (const { source } of service.secrets ?? []) assert.ok(secrets[source], source);
        for (const { source } of service.configs ?? []) assert.ok(configs[source], source);
      }
    });

  it('allows on three hosts so many replicas that the loss of one leaves a majority', () => {
    const most = read('three-hosts.yml').services.agenda.deploy.placement.max_replicas_per_node;
    const { replicas } = read('stack.yml').services.agenda.deploy;
    assert.ok(3 * most >= replicas);
    assert.ok(replicas - most > replicas / 2);
  });
});
