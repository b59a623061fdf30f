import type { SeededRandom } from '../../random.js';
import type { Draft, EventTemplate } from '../draft.js';
import { requestOrigin } from '../surroundings.js';

const SOFTWARE = ['Sample Editor', 'Sample VPN', 'Example Reader', 'Büro-Paket', 'libexample', 'Example Player'];
/** About as long as a real certificate in base64. */
const CERTIFICATE = 'U1lOVEhFVElDLUNFUlRJRklDQVRFLUJZVEVT'.repeat(36);

/** jumpcloud-events, 8: what agents find on devices; paths have backslashes. */
export const writeSoftware: EventTemplate = ({ random, cast }) => {
  const device = random.pick(cast.devices);
  const name = random.pick(SOFTWARE);
  const system = `{"id":"${device.id}","type":"system"}`;
  const folder = `C:\\\\Program Files\\\\${name}\\\\`;
  return (
    `"event_type":"software_${random.pick(['add', 'change', 'remove'])}","system":${system},"resource":${system},` +
    `"application":{"name":"${name}","version":"4.2.${random.below(30)}","publisher":"Example Software",` +
    `"path":"${folder}","uninstall_string":"\\"${folder}unins000.exe\\""},` +
    `"changes":[{"field":"version","from":"4.1.0","to":"4.2.1"}]`
  );
};

/** jumpcloud-events, 7: results of commands, enrolments, and now and then the long list of a device's profiles. */
export const writeMdm: EventTemplate = (draft) => {
  const { random } = draft;
  const dice = random.below(100);
  if (dice < 4) return writeProfileList(draft, 4 + random.below(14));
  if (dice < 9) return writeInstallProfile(draft);
  if (dice < 20) {
    return (
      `"event_type":"device_enrollment","mdm_type":"windows","windows_device_uuid":"${random.hex(32).toUpperCase()}",` +
      `"success":true,"result":"enrolment completed"${requestOrigin(random)}`
    );
  }
  const failed = random.chance(0.1);
  return (
    `${commandResult(random, 'RestartDevice')},"command":{"request_type":"RestartDevice"},` +
    `"status":"${failed ? 'Error' : 'Acknowledged'}","success":${!failed},"error_chain":${failed ? REFUSAL : 'null'}`
  );
};

/** A `ProfileList` result with the given number of profiles, each of 4 to 5 KB. */
export function writeProfileList({ random }: Draft, profiles: number): string {
  const list = Array.from({ length: profiles }, () => profile(random)).join(',');
  return (
    `${commandResult(random, 'ProfileList')},"command":{"request_type":"ProfileList"},"status":"Acknowledged",` +
    `"error_chain":null,"profile_list":[${list}]`
  );
}

function writeInstallProfile({ random }: Draft): string {
  const payload = 'PD94bWwgdmVyc2lvbj0iMS4wIj8+'.repeat(80 + random.below(1500));
  return (
    `${commandResult(random, 'InstallProfile')},"command":{"request_type":"InstallProfile","payload":"${payload}"},` +
    '"status":"Acknowledged","error_chain":null'
  );
}

const REFUSAL =
  '[{"error_code":12081,"error_domain":"MCMDMErrorDomain","localized_description":"Request refused by the device",' +
  '"us_english_description":"Request refused by the device"}]';

function commandResult(random: SeededRandom, requestType: string): string {
  return (
    `"event_type":"mdm_command_result","mdm_type":"apple","request_type":"${requestType}",` +
    `"command_uuid":"${uuid(random)}","mdm_device_id":"${random.hex(24)}","mdm_device_manager_id":"${random.hex(24)}"`
  );
}

function profile(random: SeededRandom): string {
  return (
    `{"payload_identifier":"com.example.mdm.policy.${random.hex(8)}","payload_uuid":"${uuid(random)}",` +
    '"payload_display_name":"Screen saver","payload_description":"Locks the screen after inactivity",' +
    '"payload_organization":"Example Corp","payload_verion":1,"payload_removal_disallowed":true,' +
    '"has_removal_passcode":false,"is_encrypted":false,"is_managed":true,' +
    `"signer_certificates":["${CERTIFICATE}","${CERTIFICATE}","${CERTIFICATE}"],"payload_content":[` +
    `{"payload_type":"com.apple.screensaver","payload_version":1,"payload_identifier":"com.example.screensaver.1",` +
    `"payload_uuid":"${uuid(random)}","payload_organization":"","payload_display_name":"Screen saver payload",` +
    '"payload_description":""}]}'
  );
}

function uuid(random: SeededRandom): string {
  const digits = random.hex(32);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `a${digits.slice(17, 20)}`,
    digits.slice(20),
  ].join('-');
}
