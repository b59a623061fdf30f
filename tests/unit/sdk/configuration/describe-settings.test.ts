import { describe, expect, it } from '@jest/globals';
import { describeSettings } from '../../../../src/sdk/configuration/describe-settings.js';
import type { SettingSchema } from '../../../../src/sdk/configuration/schema.js';

const describeOne = (setting: SettingSchema) =>
  describeSettings({ type: 'object', properties: { page_size: setting } })[0];

describe('a setting in words', () => {
  it('has everything that a table and a flag need', () => {
    const rows = describeSettings({
      type: 'object',
      properties: {
        page_size: {
          title: 'Page size',
          description: 'Most events in a page.',
          type: 'integer',
          minimum: 1,
          maximum: 9,
          default: 5,
          'x-unit': 'events',
        },
        apikey: { type: 'string' },
      },
      required: ['apikey'],
      secrets: ['apikey'],
    });
    expect(rows).toEqual([
      {
        name: 'page_size',
        flag: '--page-size',
        placeholder: 'EVENTS',
        title: 'Page size',
        description: 'Most events in a page.',
        type: 'integer',
        required: false,
        secret: false,
        default: '5',
        allowed: '1 to 9 events',
      },
      {
        name: 'apikey',
        flag: '--apikey',
        placeholder: 'TEXT',
        title: 'apikey',
        description: '',
        type: 'text',
        required: true,
        secret: true,
        default: '',
        allowed: '',
      },
    ]);
  });

  it.each<[SettingSchema, string, string, string]>([
    [{ type: ['string', 'array'], examples: ['a,b'] }, 'text or list', 'for example a,b', 'TEXT'],
    [{ type: 'string', 'x-duration': { minimum: '0s', maximum: '24h' } }, 'duration', '0s to 24h', 'DURATION'],
    [{ type: 'string', enum: ['a', 'b'] }, 'text', 'a, b', 'a|b'],
    [{ type: 'number', exclusiveMinimum: 0, maximum: 5 }, 'number', 'more than 0, at most 5', 'NUMBER'],
    [{ type: 'integer', minimum: 1 }, 'integer', 'at least 1', 'INTEGER'],
    [{ type: 'integer', exclusiveMaximum: 9 }, 'integer', 'less than 9', 'INTEGER'],
    [{ type: 'boolean' }, 'true or false', '', 'BOOLEAN'],
    [{}, 'any', '', 'VALUE'],
  ])('says of %j: type %s, allowed %s', (setting, type, allowed, placeholder) => {
    expect(describeOne(setting)).toMatchObject({ type, allowed, placeholder });
  });

  it('writes a default that is no text as JSON', () => {
    expect(describeOne({ default: ['a'] })?.default).toBe('["a"]');
    expect(describeOne({ default: false })?.default).toBe('false');
  });
});
