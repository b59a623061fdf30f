import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** PEM texts. */
export interface Certificates {
  /** The authority that signed the other two. */
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
}

/** An authority of our own, and below it a certificate for a server on 127.0.0.1 and one for a client of it. */
export function makeCertificates(directory: string): Certificates {
  const make = (name: string, ...more: string[]): { cert: string; key: string } => {
    const files = ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.pem`];
    execFileSync('openssl', ['req', '-x509', ...files, '-subj', `/CN=${name}`, ...more], {
      cwd: directory,
      stdio: 'pipe',
    });
    const read = (file: string): string => readFileSync(join(directory, file), 'utf8');
    return { cert: read(`${name}.pem`), key: read(`${name}.key`) };
  };
  const { cert: ca } = make('authority');
  const signed = ['-CA', 'authority.pem', '-CAkey', 'authority.key', '-addext', 'subjectAltName=IP:127.0.0.1'];
  return { ca, server: make('server', ...signed), client: make('client', ...signed) };
}
