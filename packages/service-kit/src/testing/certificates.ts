/** Certificates for tests, made on the spot (X.509 v3, ECDSA with P-256; RFC 5280). */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { Tls } from '../grpc-server.ts';

const SEQUENCE = 0x30;
const SET = 0x31;
const VALID = ['20200101000000Z', '20991231235959Z'] as const;
const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const ALTERNATIVE_NAMES = oid('551d11');
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const IS_AUTHORITY = sequence(
  oid('551d13'),
  tlv(0x01, Buffer.from([0xff])),
  tlv(0x04, sequence(tlv(0x01, Buffer.from([0xff])))),
);

export class TestAuthority {
  readonly #name: string;
  readonly #key: KeyObject;
  /** PEM. */
  readonly certificate: Buffer;

  constructor(name: string) {
    const { privateKey, publicKey } = newKeys();
    this.#name = name;
    this.#key = privateKey;
    this.certificate = this.#certify(name, publicKey, [IS_AUTHORITY]);
  }

  /**
   * What a node needs to speak with those of the same authority.
   *
   * @param hosts DNS names and IPv4 addresses at which clients find it.
   */
  issue(name: string, hosts: readonly string[] = []): Tls {
    const { privateKey, publicKey } = newKeys();
    const key = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    return {
      cert: this.#certify(name, publicKey, hosts.length > 0 ? [alternativeNames(hosts)] : []),
      key,
      ca: this.certificate,
    };
  }

  #certify(subject: string, publicKey: KeyObject, extensions: readonly Buffer[]): Buffer {
    const body = sequence(
      tlv(0xa0, tlv(0x02, Buffer.from([2]))),
      tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      ECDSA_WITH_SHA256,
      nameOf(this.#name),
      sequence(...VALID.map((time) => tlv(0x18, Buffer.from(time)))),
      nameOf(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      ...(extensions.length > 0 ? [tlv(0xa3, sequence(...extensions))] : []),
    );
    const signature = sign('sha256', body, this.#key);
    const der = sequence(body, ECDSA_WITH_SHA256, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
    const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
    return Buffer.from(`-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`);
  }
}

function newKeys(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function alternativeNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIPv4(host)
      ? tlv(IP_ADDRESS, Buffer.from(host.split('.').map(Number)))
      : tlv(DNS_NAME, Buffer.from(host)),
  );
  return sequence(ALTERNATIVE_NAMES, tlv(0x04, sequence(...names)));
}

function nameOf(commonName: string): Buffer {
  return sequence(tlv(SET, sequence(COMMON_NAME, tlv(0x0c, Buffer.from(commonName)))));
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(SEQUENCE, Buffer.concat(parts));
}

function oid(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, 'hex'));
}

/** Tag, length, value (X.690, definite form). */
function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const bytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), value]);
}
