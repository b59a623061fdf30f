import type { SeededRandom } from '../../random.js';
import type { Draft, EventTemplate } from '../draft.js';
import { provider, requestOrigin, userAgent } from '../surroundings.js';

const PLAIN_TYPES = [
  'group_create',
  'group_update',
  'system_create',
  'system_delete',
  'application_update',
  'user_create',
  'user_unlocked',
  'user_lockout',
  'user_password_change',
  'user_password_reset_request',
  'totp_finish_enrollment',
  'policy_update',
  'authpolicy_update',
  'iplist_update',
  'organization_update',
  'idsource_update',
  'command_run',
  'admin_update',
];

/** Changes of every kind that the catalogue names: scalars, booleans, lists, numbers, `from` or `to` missing. */
const CHANGES = [
  '{"field":"department","from":"Field Sales","to":"Finance"}',
  '{"field":"suspended","from":false,"to":true}',
  '{"field":"password"}',
  '{"field":"mfa.exclusion","to":{"until":"2031-01-01T00:00:00Z"}}',
  '{"field":"uid","from":1002,"to":9007199254740993}',
  '{"field":"phoneNumbers","from":[],"to":[{"type":"work","number":"+46 8 555 010 20"}]}',
  '{"field":"displayname","from":null,"to":"Zoë \\"Zed\\" \\u00c5kesson \u{1f98a}"}',
];

/** jumpcloud-events, 2: logins to the portals, changes of objects and of their links. */
export const writeDirectory: EventTemplate = (draft) => {
  const dice = draft.random.below(100);
  if (dice < 40) return writeLogin(draft);
  if (dice < 60) return writeUserUpdate(draft);
  if (dice < 75) return writeAssociation(draft);
  if (dice < 77) return writeScript(draft);
  return writePlain(draft);
};

function writeLogin({ random, cast }: Draft): string {
  const byAdmin = random.chance(0.2);
  const actor = byAdmin ? random.pick(cast.admins).asAdmin : random.pick(cast.people).asUser;
  const succeeded = !random.chance(0.15);
  const error = succeeded ? random.pick(['', ',"error_message":""', ',"error_message":null']) : refused;
  return (
    `"event_type":"${byAdmin ? 'admin' : 'user'}_login_attempt","success":${succeeded},"mfa":${random.chance(0.5)},` +
    `"mfa_meta":{"type":"${random.pick(['totp', 'duo', 'none', ''])}"},"initiated_by":${actor}${error}` +
    `,"auth_context":{"auth_methods":{"password":{"success":${succeeded}}}},"correlation":{},"message_chain":{}` +
    `,"target_resource":{"type":"${byAdmin ? 'admin' : 'user'}_portal"},${surroundings(random)}`
  );
}

const refused = ',"error_message":"invalid credentials"';

function writeUserUpdate({ random, cast }: Draft): string {
  const target = random.pick(cast.people);
  const changes = Array.from({ length: 1 + random.below(5) }, () => random.pick(CHANGES));
  return (
    `"event_type":"user_update","success":true,"auth_method":"${random.pick(['session', 'api key'])}",` +
    `"initiated_by":${random.pick(cast.admins).asAdmin},"resource":{"id":"${target.id}","type":"user",` +
    `"username":"${target.username}"},"changes":[${changes.join(',')}],${surroundings(random)}`
  );
}

function writeAssociation({ random, cast }: Draft): string {
  const group = random.pick(cast.groups);
  const member = random.pick(cast.people);
  return (
    `"event_type":"association_change","success":true,"auth_method":"session",` +
    `"initiated_by":${random.pick(cast.admins).asAdmin},"association":{"op":"${random.pick(['add', 'remove'])}",` +
    `"action_source":"manual","attributes":null,"connection":{"from":{"type":"user_group","name":"${group.name}",` +
    `"object_id":"${group.id}"},"to":{"type":"user","name":"${member.username}","object_id":"${member.id}"}}},` +
    surroundings(random)
  );
}

/** A command with the text of its script: 2 to 50 KB (jumpcloud-events, 18). */
function writeScript({ random, cast }: Draft): string {
  const line =
    '#!/bin/sh\\nset -eu\\nprintf \\"%s\\\\n\\" \\"$(uname -a)\\" | tee /tmp/inventory.txt\\t# d\\u00e9but\\n';
  const script = line.repeat(25 + random.below(500));
  return (
    `"event_type":"command_update","success":true,"initiated_by":${random.pick(cast.admins).asAdmin},` +
    `"resource":{"id":"${random.hex(24)}","type":"command","name":"inventory"},` +
    `"changes":[{"field":"command","from":"","to":"${script}"}],${surroundings(random)}`
  );
}

function writePlain({ random, cast }: Draft): string {
  return (
    `"event_type":"${random.pick(PLAIN_TYPES)}","success":true,"auth_method":"session",` +
    `"initiated_by":${random.pick(cast.admins).asAdmin},"resource":{"id":"${random.hex(24)}","type":"object",` +
    `"name":"thing ${random.below(99)}"},${surroundings(random)}`
  );
}

function surroundings(random: SeededRandom): string {
  return `"useragent":${userAgent(random)}${provider(random)}${requestOrigin(random)}`;
}
