import type { EventTemplate } from '../draft.js';
import { documentationAddress, provider, requestOrigin, userAgent } from '../surroundings.js';

const SSO_ERRORS = [
  'user is not bound to this application',
  'assertion expired',
  'policy "Office network" denied access',
];
const LOGON_TYPES = ['2', '3', '5', '7', '8', '10', '11'];

/** jumpcloud-events, 3. */
export const writeSso: EventTemplate = ({ random, cast }) => {
  const person = random.pick(cast.people);
  const succeeded = !random.chance(0.07);
  const application = succeeded
    ? random.pick(cast.applications).asApplication
    : '{"id":"","name":"","display_label":"","sso_type":"saml","sso_url":""}';
  const methods = succeeded ? '{"password":{"success":true},"totp":{"success":true}}' : '{}';
  return (
    `"event_type":"sso_auth","provider":"","sso_token_success":${succeeded},"idp_initiated":${random.chance(0.6)},` +
    `"mfa":${random.chance(0.7)},"error_message":${succeeded ? '""' : JSON.stringify(random.pick(SSO_ERRORS))}` +
    `,"initiated_by":${person.asUser},"application":${application},"auth_context":{"auth_methods":${methods},` +
    `"policies_applied":[{"id":"${random.hex(24)}","name":"Office network",` +
    `"metadata":{"action":"ALLOW","resource_type":"APPLICATION"}}]},"useragent":${userAgent(random)}` +
    requestOrigin(random)
  );
};

/** jumpcloud-events, 4. */
export const writeRadius: EventTemplate = ({ random, cast }) => {
  const { username } = random.pick(cast.people);
  const succeeded = !random.chance(0.1);
  const eap = random.chance(0.8);
  const error = succeeded ? '' : ',"error_message":"pap: supplied secret does not match"';
  return (
    `"event_type":"radius_auth_attempt","success":${succeeded},"username":"${username}",` +
    `"auth_type":"${eap ? 'eap' : 'PAP'}","eap_type":${eap ? '"MSCHAPv2"' : 'null'},"nas_mfa_state":"DISABLED",` +
    `"mfa":false,"outer":{"eap_type":${eap ? '"PEAP"' : 'null'},"username":"${username}","error_message":null},` +
    '"auth_meta":{"auth_idp":"JUMPCLOUD","userid_type":"USERNAME","user_password_enabled":true,' +
    `"user_cert_enabled":false,"device_cert_enabled":false},"initiated_by":{"type":"user","username":"${username}"},` +
    `"client_ip":"${documentationAddress(random)}"${error}`
  );
};

/** jumpcloud-events, 5. */
export const writeLdap: EventTemplate = ({ random, cast }) => {
  const person = random.pick(cast.people);
  const connection = `"connection_id":"${random.hex(20)}A==","operation_number":${random.below(4000)}`;
  const address = `,"client_ip":"${documentationAddress(random)}"`;
  if (random.chance(0.5)) {
    return (
      `"event_type":"ldap_search","success":true,${connection},"base":"ou=Users,o=example,dc=example,dc=com",` +
      '"scope":2,"deref":0,"filter":"(&(objectClass=inetOrgPerson)(mail=*@example.com))","attr":"uid mail memberOf",' +
      `"number_of_results":${random.below(900)},"error_code":0,"error_message":null${address}`
    );
  }
  return (
    `"event_type":"ldap_bind","success":true,"username":"${person.username}",${connection},` +
    `"dn":"uid=${person.username},ou=Users,o=example,dc=example,dc=com","auth_method":"simple","mech":"SIMPLE",` +
    `"start_tls":false,"tls_established":true,"error_code":0,"error_message":"","initiated_by":${person.asUser},` +
    `"auth_meta":{"auth_methods":{"password":{"success":true}}}${address}`
  );
};

/** jumpcloud-events, 6. The device's own clock (`system_timestamp`) is off by seconds, sometimes by days. */
export const writeSystems: EventTemplate = ({ random, cast, occurredAtMs }) => {
  const device = random.pick(cast.devices);
  const { username } = random.pick(cast.people);
  const driftMs = random.chance(0.05) ? random.below(5 * 86_400_000) : random.below(60_000);
  const deviceClock = new Date(occurredAtMs - driftMs).toISOString().slice(0, 19);
  const common = `"system_timestamp":"${deviceClock}${random.pick(['Z', '+09:30', '-05:00'])}","system":${device.asSystem}`;
  if (random.chance(0.05)) {
    return (
      `"event_type":"system_fde_key_update","success":true,${common},` +
      `"resource":{"type":"system","id":"${device.id}"},"changes":[{"field":"fdeKey"}]`
    );
  }
  const succeeded = !random.chance(0.2);
  const windows = device.hostname.startsWith('WIN')
    ? `,"windows_meta":{"elevated":${random.chance(0.2)},"logon_type":"${random.pick(LOGON_TYPES)}"}`
    : '';
  return (
    `"event_type":"login_attempt","success":${succeeded},${common},"username":"${username}",` +
    `"process_name":"${windows === '' ? 'sshd' : ''}","src_ip":"${documentationAddress(random)}",` +
    `"message":"login of ${username} ${succeeded ? 'accepted' : 'refused'}, process "` +
    `,"initiated_by":{"type":"user","username":"${username}"}${windows}${provider(random)}${requestOrigin(random)}`
  );
};
