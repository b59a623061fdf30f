import { describe, expect, it } from '@jest/globals';
import { resolveReferences } from '../../../../src/sdk/configuration/references.js';

function reader(files: Record<string, unknown>) {
  return async (path: string) => {
    if (!(path in files)) throw new Error(`no ${path}`);
    return files[path];
  };
}

describe('resolveReferences', () => {
  it('puts the document in place of the reference', async () => {
    const manifest = { name: 'm', configuration: { $ref: 'schemas/a.json' }, categories: ['IAM'] };
    const resolved = await resolveReferences(manifest, reader({ 'schemas/a.json': { type: 'object' } }));
    expect(resolved).toEqual({ name: 'm', configuration: { type: 'object' }, categories: ['IAM'] });
    expect(manifest.configuration).toEqual({ $ref: 'schemas/a.json' });
  });

  it('reads a reference relative to the document it stands in', async () => {
    const files = {
      'schemas/a.json': { items: [{ $ref: 'sub/b.json' }] },
      'schemas/sub/b.json': { $ref: '../c.json' },
      'schemas/c.json': 1,
    };
    const trigger = { arguments: { $ref: '../schemas/a.json' } };
    expect(await resolveReferences(trigger, reader(files), 'triggers/t.json')).toEqual({ arguments: { items: [1] } });
  });

  it('points into documents, its own included', async () => {
    const files = { 'a.json': { definitions: { 'x/y~z': { type: 'string' }, p: { $ref: '#/definitions/x~1y~0z' } } } };
    const document = { here: { $ref: '#/there' }, there: { $ref: 'a.json#/definitions/p' } };
    expect(await resolveReferences(document, reader(files))).toEqual({
      here: { type: 'string' },
      there: { type: 'string' },
    });
  });

  it.each([
    [{ a: { $ref: 'loop.json' } }, 'refers to itself'],
    [{ a: { $ref: '#/a' } }, 'refers to itself'],
    [{ a: { $ref: '#/nowhere' } }, 'does not exist'],
    [{ a: { $ref: '#/__proto__' } }, 'does not exist'],
    [{ a: { $ref: 'missing.json' } }, 'no missing.json'],
    [{ a: { $ref: '../../etc/passwd' } }, 'leaves the module'],
    [{ a: { $ref: '/etc/passwd' } }, 'leaves the module'],
    [{ a: { $ref: 'https://example.com/a.json' } }, 'leaves the module'],
  ])('refuses %j', async (document, message) => {
    const files = { 'loop.json': { again: { $ref: 'loop.json' } } };
    await expect(resolveReferences(document, reader(files))).rejects.toThrow(message);
  });
});
