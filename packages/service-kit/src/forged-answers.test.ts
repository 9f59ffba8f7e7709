import assert from 'node:assert/strict';
import { ErrorDetail } from '@agenda/proto/kit/v1/carrier';
import { ProposeResponse, SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { type handleUnaryCall, Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { rawDefinition } from './definition.ts';
import { ERROR_TRAILER, ServiceError as OurError, type ServiceError, toErrorDetail } from './errors.ts';
import { RESPONSE_SIGNATURE_KEY, responseSignature, Verifier } from './signature.ts';
import { GrpcBed, RECEIVER, SECRET } from './testing/grpc.ts';

const OTHER_SECRET = 'b'.repeat(32);
const answer = Buffer.from(ProposeResponse.encode({ index: 7, term: 1 }).finish());
const refusal = Buffer.from(ErrorDetail.encode(toErrorDetail(new OurError('conflict', 'taken'))).finish());

/** A server between our client and ours, which may say anything but knows no secret of ours. */
describe('an answer that is not signed by one of us', () => {
  const bed = new GrpcBed();
  const servers: Server[] = [];

  afterEach(async () => {
    await bed.close();
    for (const server of servers.splice(0)) server.forceShutdown();
  });

  async function propose(handler: handleUnaryCall<Buffer, Buffer>): Promise<ProposeResponse> {
    const server = new Server();
    servers.push(server);
    server.addService({ propose: rawDefinition(SidecarService.propose) }, { propose: handler });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    const client = bed.channel(port).client(SidecarService);
    return client.propose({ command: new Uint8Array(1) }, { deadlineMs: 2_000 });
  }

  const unknown = (error: ServiceError): boolean => error.code === 'unavailable' && error.outcomeUnknown;

  it('is not believed, neither without a signature nor with one of another secret', async () => {
    await assert.rejects(
      propose((_call, callback) => callback(null, answer)),
      unknown,
    );
    const forged = propose((call, callback) => {
      const signed = {
        ...new Verifier(RECEIVER, [SECRET]).verify(SidecarService.propose.path, call.metadata, call.request),
      };
      const trailer = new Metadata();
      const signature = responseSignature({ ...signed, secret: OTHER_SECRET }, 'response', answer);
      trailer.set(RESPONSE_SIGNATURE_KEY, signature.toString('base64url'));
      callback(null, answer, trailer);
    });
    await assert.rejects(forged, unknown);
  });

  it('is believed when it is signed', async () => {
    const signed = propose((call, callback) => {
      const verified = new Verifier(RECEIVER, [SECRET]).verify(
        SidecarService.propose.path,
        call.metadata,
        call.request,
      );
      const trailer = new Metadata();
      trailer.set(
        RESPONSE_SIGNATURE_KEY,
        responseSignature(verified, 'response', answer).toString('base64url'),
      );
      callback(null, answer, trailer);
    });
    assert.equal((await signed).index, 7);
  });

  it('is not believed either when it is a refusal, by trailer or by status', async () => {
    const metadata = new Metadata();
    metadata.set(ERROR_TRAILER, refusal);
    const byTrailer = propose((_call, callback) =>
      callback({ code: status.ALREADY_EXISTS, details: 'x', metadata }),
    );
    await assert.rejects(byTrailer, unknown);
    const byStatus = propose((_call, callback) => callback({ code: status.NOT_FOUND, details: 'gone' }));
    await assert.rejects(byStatus, unknown);
  });

  it('is not believed when it says that nothing was done', async () => {
    const error = new OurError('unavailable', 'stopping', { nothingDone: true });
    const metadata = new Metadata();
    metadata.set(ERROR_TRAILER, Buffer.from(ErrorDetail.encode(toErrorDetail(error)).finish()));
    const refused = propose((_call, callback) =>
      callback({ code: status.UNAVAILABLE, details: 'stopping', metadata }),
    );
    await assert.rejects(refused, unknown);
  });

  it('may say that our signature was refused, because such a server shares no secret with us', async () => {
    const refused = propose((_call, callback) => callback({ code: status.UNAUTHENTICATED, details: 'who?' }));
    await assert.rejects(refused, { code: 'unauthenticated' });
  });
});
