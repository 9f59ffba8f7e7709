import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { ServiceError } from './errors.ts';
import { ANY_RECEIVER, receiverOf } from './nonces.ts';
import {
  isAnswerTo,
  RESPONSE_SIGNATURE_KEY,
  responseSignature,
  type SignedCall,
  Signer,
  StreamOpener,
  StreamSealer,
  Verifier,
} from './signature.ts';

const SECRET = 's'.repeat(32);
const NEW_SECRET = 'n'.repeat(32);
const RECEIVER = receiverOf('agenda-3', 'raft-sidecar');
const METHOD = '/raft.v1.Sidecar/Propose';
const BODY = Buffer.from('the body');
const START_MS = 1_800_000_000_000;

describe('a signed call', () => {
  let nowMs = START_MS;
  const clock = () => nowMs;
  const signer = new Signer('agenda-1', [SECRET], clock);

  beforeEach(() => {
    nowMs = START_MS;
  });

  function refuses(
    verifier: Verifier,
    method: string,
    metadata: Metadata,
    body: Buffer,
    reason: RegExp,
  ): void {
    assert.throws(
      () => verifier.verify(method, metadata, body),
      (error: ServiceError) => error.code === 'unauthenticated' && reason.test(error.message),
    );
  }

  it('is accepted once, and names its signer', () => {
    const verifier = new Verifier(RECEIVER, [SECRET], { clock });
    const { metadata } = signer.sign(METHOD, RECEIVER, BODY);
    assert.equal(verifier.verify(METHOD, metadata, BODY).nodeId, 'agenda-1');
    refuses(verifier, METHOD, metadata, BODY, /nonce was used before/);
  });

  it('is refused with another body, method, node, timestamp, nonce or secret', () => {
    const verifier = new Verifier(RECEIVER, [SECRET], { clock });
    const { metadata } = signer.sign(METHOD, RECEIVER, BODY);
    refuses(verifier, METHOD, metadata, Buffer.from('the bodY'), /does not match/);
    refuses(verifier, '/raft.v1.Sidecar/ReadIndex', metadata, BODY, /does not match/);
    const changes = {
      'agenda-node': 'agenda-2',
      'agenda-timestamp': String(START_MS + 1),
      'agenda-nonce': 'another',
      'agenda-signature': 'AAAA',
    };
    for (const [key, value] of Object.entries(changes)) {
      const changed = metadata.clone();
      changed.set(key, value);
      refuses(verifier, METHOD, changed, BODY, /does not match/);
    }
    refuses(new Verifier(RECEIVER, [NEW_SECRET], { clock }), METHOD, metadata, BODY, /does not match/);
    assert.equal(
      verifier.verify(METHOD, metadata, BODY).nodeId,
      'agenda-1',
      'the attempts used up the nonce',
    );
  });

  it('is refused by all but the one that it is for, however it came to them', () => {
    const { metadata } = signer.sign(METHOD, RECEIVER, BODY);
    for (const other of [receiverOf('agenda-2', 'raft-sidecar'), receiverOf('agenda-3', 'audit')]) {
      const elsewhere = new Verifier(other, [SECRET], { clock, receiverOptional: true });
      refuses(
        elsewhere,
        METHOD,
        metadata,
        BODY,
        /is for agenda-3\/raft-sidecar, and this is agenda-\d\/[a-z]/,
      );
    }
    const renamed = metadata.clone();
    renamed.set('agenda-nonce', String(metadata.get('agenda-nonce')[0]).replace('agenda-3', 'agenda-2'));
    const other = new Verifier(receiverOf('agenda-2', 'raft-sidecar'), [SECRET], { clock });
    refuses(other, METHOD, renamed, BODY, /does not match/);
    new Verifier(RECEIVER, [SECRET], { clock }).verify(METHOD, metadata, BODY);
  });

  it('is refused when it does not say whom it is for, but for methods whose callers cannot know', () => {
    const join = '/cluster.v1.Discovery/Join';
    const verifier = new Verifier(RECEIVER, [SECRET], { clock, anyReceiverMethods: [join] });
    const { metadata } = signer.sign(METHOD, ANY_RECEIVER, BODY);
    refuses(verifier, METHOD, metadata, BODY, /does not say whom it is for; this is agenda-3\/raft-sidecar/);
    verifier.verify(join, signer.sign(join, ANY_RECEIVER, BODY).metadata, BODY);
  });

  it('need not say whom it is for where nodes of an older version are to be heard', () => {
    const verifier = new Verifier(RECEIVER, [SECRET], { clock, receiverOptional: true });
    verifier.verify(METHOD, signer.sign(METHOD, ANY_RECEIVER, BODY).metadata, BODY);
  });

  it('has the receiver in its nonce, so that the signature is the one that older versions know', () => {
    const { metadata } = signer.sign(METHOD, RECEIVER, BODY);
    const value = (key: string): string => String(metadata.get(key)[0]);
    assert.match(value('agenda-nonce'), /^[\w-]{22}@agenda-3\/raft-sidecar$/);
    const hmac = createHmac('sha256', SECRET);
    for (const part of [METHOD, 'agenda-1', String(START_MS), value('agenda-nonce'), BODY]) {
      const bytes = Buffer.from(part);
      hmac.update(Buffer.from([0, 0, 0, bytes.length])).update(bytes);
    }
    assert.equal(value('agenda-signature'), hmac.digest('base64url'));
  });

  it('is refused when a part moved over the border to the next one', () => {
    const { metadata } = new Signer('agenda-1', [SECRET], clock).sign(METHOD, RECEIVER, BODY);
    const moved = metadata.clone();
    moved.set('agenda-node', 'agenda-11');
    moved.set('agenda-timestamp', String(START_MS).slice(1));
    refuses(
      new Verifier(RECEIVER, [SECRET], { clock, windowMs: START_MS }),
      METHOD,
      moved,
      BODY,
      /does not match/,
    );
  });

  it('is refused when any part of the signature is missing', () => {
    for (const key of ['agenda-node', 'agenda-timestamp', 'agenda-nonce', 'agenda-signature']) {
      const { metadata } = signer.sign(METHOD, RECEIVER, BODY);
      metadata.remove(key);
      refuses(new Verifier(RECEIVER, [SECRET], { clock }), METHOD, metadata, BODY, /is not signed/);
    }
  });

  it('is refused outside the window of its timestamp, early and late alike', () => {
    for (const awayMs of [30_001, -30_001]) {
      nowMs = START_MS;
      const { metadata } = signer.sign(METHOD, RECEIVER, BODY);
      nowMs += awayMs;
      refuses(new Verifier(RECEIVER, [SECRET], { clock }), METHOD, metadata, BODY, /30000 ms are allowed/);
    }
    const { metadata } = signer.sign(METHOD, RECEIVER, BODY);
    nowMs += 30_000;
    new Verifier(RECEIVER, [SECRET], { clock }).verify(METHOD, metadata, BODY);
  });

  it('cannot be replayed at any time at which its timestamp would do', () => {
    const verifier = new Verifier(RECEIVER, [SECRET], { clock });
    const ahead = new Signer('agenda-2', [SECRET], () => START_MS + 29_999);
    const { metadata } = ahead.sign(METHOD, RECEIVER, BODY);
    verifier.verify(METHOD, metadata, BODY);
    for (nowMs = START_MS; nowMs <= START_MS + 59_999; nowMs += 333)
      refuses(verifier, METHOD, metadata, BODY, /nonce was used before/);
  });

  it('is refused as overloaded when no more nonces can be remembered, until old ones expire', () => {
    const verifier = new Verifier(RECEIVER, [SECRET], { clock, noncesMax: 2 });
    const call = () => verifier.verify(METHOD, signer.sign(METHOD, RECEIVER, BODY).metadata, BODY);
    call();
    call();
    assert.throws(call, { code: 'overloaded' });
    nowMs += 31_001;
    call();
  });

  it('is accepted under both secrets of a rotation, and signed with the first', () => {
    const verifier = new Verifier(RECEIVER, [NEW_SECRET, SECRET], { clock });
    verifier.verify(METHOD, signer.sign(METHOD, RECEIVER, BODY).metadata, BODY);
    const rotated = new Signer('agenda-1', [NEW_SECRET, SECRET], clock).sign(METHOD, RECEIVER, BODY);
    assert.equal(verifier.verify(METHOD, rotated.metadata, BODY).secret, NEW_SECRET);
  });

  it('has an answer that fits no other call, no other kind and no other bytes', () => {
    const { call } = signer.sign(METHOD, RECEIVER, BODY);
    const { call: other } = signer.sign(METHOD, RECEIVER, BODY);
    const { metadata } = signer.sign(METHOD, RECEIVER);
    metadata.set(RESPONSE_SIGNATURE_KEY, responseSignature(call, 'response', BODY).toString('base64url'));
    assert.equal(isAnswerTo(call, 'response', metadata, BODY), true);
    assert.equal(isAnswerTo(other, 'response', metadata, BODY), false);
    assert.equal(isAnswerTo(call, 'error', metadata, BODY), false);
    assert.equal(isAnswerTo(call, 'response', metadata, Buffer.from('x')), false);
    metadata.remove(RESPONSE_SIGNATURE_KEY);
    assert.equal(isAnswerTo(call, 'response', metadata, BODY), false);
  });

  it('needs a secret', () => {
    assert.throws(() => new Signer('agenda-1', []), /needs a secret/);
  });
});

describe('the messages of a signed stream', () => {
  const call: SignedCall = new Signer('agenda-1', [SECRET]).sign('/raft.v1.Peer/Messages', RECEIVER).call;
  const bodies = ['one', 'two', '', 'three'].map((text) => Buffer.from(text));
  const refused = { code: 'unauthenticated' };

  function sealAll(): Buffer[] {
    const sealer = new StreamSealer(call, 'to-server');
    return bodies.map((body) => sealer.seal(body));
  }

  it('come out as they went in', () => {
    const opener = new StreamOpener(call, 'to-server');
    assert.deepEqual(
      sealAll().map((sealed) => opener.open(sealed)),
      bodies,
    );
  });

  it('carry their MAC as field 15, 32 bytes, at the end', () => {
    const [sealed] = sealAll() as [Buffer];
    assert.deepEqual([...sealed.subarray(0, -32)], [...Buffer.from('one'), 15 * 8 + 2, 32]);
  });

  it('carry the HMAC-SHA256 of sequence number and bytes under the key of their direction, whatever their length', () => {
    const { call } = new Signer('agenda-1', [SECRET]).sign(METHOD, RECEIVER);
    const sealer = new StreamSealer(call, 'to-server');
    const key = createHmac('sha256', SECRET)
      .update('agenda stream to-server')
      .update(call.signature)
      .digest();
    for (const [sequence, length] of [0, 1, 55, 56, 64, 5_000, 100_000].entries()) {
      const body = Buffer.alloc(length, sequence);
      const expected = createHmac('sha256', key)
        .update(Buffer.from([0, 0, 0, 0, 0, 0, 0, sequence]))
        .update(body)
        .digest();
      assert.deepEqual(sealer.seal(body).subarray(-32), expected);
    }
  });

  it('are refused when any one bit is changed', () => {
    const [sealed] = sealAll() as [Buffer];
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.throws(() => new StreamOpener(call, 'to-server').open(changed), refused, `bit ${bit}`);
    }
  });

  it('are refused when they are repeated, skipped or swapped', () => {
    const [one, two] = sealAll() as [Buffer, Buffer];
    const repeated = new StreamOpener(call, 'to-server');
    repeated.open(one);
    assert.throws(() => repeated.open(one), refused);
    assert.throws(() => new StreamOpener(call, 'to-server').open(two), refused);
  });

  it('are refused when they come from the other direction or another stream', () => {
    const [one] = sealAll() as [Buffer];
    assert.throws(() => new StreamOpener(call, 'to-client').open(one), refused);
    const other = new Signer('agenda-1', [SECRET]).sign('/raft.v1.Peer/Messages', RECEIVER).call;
    assert.throws(() => new StreamOpener(other, 'to-server').open(one), refused);
  });

  it('are refused without a MAC', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(33), Buffer.from('one')])
      assert.throws(
        () => new StreamOpener(call, 'to-server').open(bytes),
        (error: ServiceError) => error instanceof ServiceError && /has no MAC/.test(error.message),
      );
  });
});
