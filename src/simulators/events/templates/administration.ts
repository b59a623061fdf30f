import type { EventTemplate } from '../draft.js';
import { documentationAddress, requestOrigin, userAgent } from '../surroundings.js';

const PASSWORD_MANAGER_TYPES = [
  'user_re-enable',
  'user_signup',
  'user_device_pair',
  'folder_create',
  'folder_member_add',
  'folder_group_update',
  'item_add',
  'item_update',
  'item_reveal',
  'item_copy',
  'item_autofill',
  'items_export',
  'backup_create',
  'sharedfolders_policy_update',
  'force_sync',
  'app_unlock',
  'extension_unlock',
  'extension_site_exclusion',
];

/** jumpcloud-events, 9; one of its types has a hyphen. */
export const writePasswordManager: EventTemplate = ({ random, cast }) =>
  `"event_type":"passwordmanager_${random.pick(PASSWORD_MANAGER_TYPES)}","success":true,` +
  `"initiated_by":${random.pick(cast.people).asUser},"association":{"type":"user","id":"${random.hex(24)}",` +
  `"email":"${random.pick(cast.people).email}"},"changes":[{"field":"folder name","from":"","to":"Shared keys"}],` +
  `"user_agent":${userAgent(random)}${requestOrigin(random)}`;

/** jumpcloud-events, 10; sizes may exceed 32 bits. */
export const writeObjectStorage: EventTemplate = ({ random }) =>
  `"event_type":"object_storage_${random.pick(['create', 'delete', 'get_download_url_request'])}","result":"Success",` +
  `"referrer_type":"SOFTWARE_APP","referrer_object_id":"${random.hex(24)}",` +
  `"object_storage_item_object_id":"${random.hex(24)}","object_storage_item_version_object_id":"${random.hex(24)}",` +
  `"object_storage_item_version_name":"sample-vpn-2.0.pkg","object_storage_item_version_size":${random.below(9e12)},` +
  `"object_storage_item_version_sha_256_sum":"${random.hex(64)}","total_software_item_count":23,` +
  '"total_space_used":9120384512';

/** jumpcloud-events, 11; `context` is JSON inside a string. */
export const writeAlerts: EventTemplate = ({ random, cast }) =>
  `"event_type":"alert_${random.pick(['created', 'updated', 'status_updated'])}","success":true,"category":"System",` +
  `"severity":"${random.pick(['Low', 'Medium', 'High'])}","correlation":{"id":"${random.hex(24)}"},` +
  `"username":"${random.pick(cast.admins).username}",` +
  `"changes":[{"field":"Status","from":"Open","to":"Resolved"},{"field":"Remark","from":""}],` +
  `"resource":{"id":"${random.hex(24)}","source_type":"device","source_id":"${random.pick(cast.devices).id}",` +
  `"reference_id":"${random.hex(24)}","context":"{\\"metric\\":\\"disk_free\\",\\"id\\":\\"not-the-id\\",\\"percent\\":3}"}`;

/** jumpcloud-events, 12. */
export const writeNotifications: EventTemplate = ({ random, cast }) =>
  `"event_type":"notification_channel_${random.pick(['created', 'updated', 'deleted'])}","success":true,` +
  `"name":"On-call mail","description":"Mail to the duty team","type":"email","channel_object_id":"${random.hex(24)}",` +
  `"config":[{"name":"duty","email":"duty@example.com"},{"role_object_id":"${random.hex(24)}"}],` +
  `"initiated_by":${random.pick(cast.admins).asAdmin}${requestOrigin(random)}`;

/** jumpcloud-events, 13. */
export const writeReports: EventTemplate = ({ random, cast }) =>
  `"event_type":"report_${random.pick(['run', 'export', 'create', 'update', 'delete'])}","provider":null,` +
  `"auth_method":"session","client_ip":"${documentationAddress(random)}","user_agent":${userAgent(random)},` +
  `"initiated_by":${random.pick(cast.admins).asAdmin},"resource":{"id":"${random.hex(24)}",` +
  '"name":"Devices per user","description":"weekly","resources":["users","devices"],"search_request":{},' +
  '"configuration":{}}';

/** jumpcloud-events, 14. */
export const writeAccessManagement: EventTemplate = ({ random, cast }) =>
  `"event_type":"access_management_${random.pick(['access_request', 'access_request_approval', 'association_change'])}",` +
  `"success":true,"access_request_id":"${random.hex(24)}","initiated_by":${random.pick(cast.people).asUser},` +
  `"resource":{"type":"user_group","id":"${random.pick(cast.groups).id}","name":"Contractors"},` +
  `"workflow":{"type":"access-workflow","id":"${random.hex(24)}","name":"Contractor access","desc":"two approvers"}` +
  requestOrigin(random);

/** jumpcloud-events, 15; resource identifiers in upper case. */
export const writeAssetManagement: EventTemplate = ({ random, cast }) =>
  `"event_type":"asset_management_asset_${random.pick(['create', 'update', 'delete'])}",` +
  `"username":"${random.pick(cast.admins).username}","initiated_by":${random.pick(cast.admins).asAdmin},` +
  `"resource":{"id":"${random.hex(24).toUpperCase()}","type":"${random.pick(['DEVICE', 'ACCESSORY'])}"},` +
  `"detail":"asset record edited","changes":[{"field":"Location","from":"Floor 1","to":"Floor 4"}]`;

/** jumpcloud-events, 16; the event types do not begin with the service's name. */
export const writeSaasAppManagement: EventTemplate = ({ random, cast }) =>
  `"event_type":"saas_management_${random.pick(['application_discover', 'application_update', 'login_event'])}",` +
  `"username":"${random.pick(cast.people).username}","initiated_by":${random.pick(cast.people).asUser},` +
  '"resource":{"application_id":"sample-board","application_name":"Sample Board",' +
  `"application_category":"Collaboration"},"detail":"new application found"${requestOrigin(random)}`;

/** jumpcloud-events, 17: a service that exists and is documented nowhere. */
export const writeWorkflows: EventTemplate = ({ random, cast }) =>
  `"event_type":"workflow_run_${random.pick(['started', 'finished'])}","workflow_run":{"id":"${random.hex(24)}",` +
  `"timestamp":"1970-01-01T00:00:00Z","steps":[{"id":"1"},{"id":"2"}]},"initiated_by":${random.pick(cast.admins).asAdmin}`;

/** A service that no list knows; `initiated_by` is the array that one attribute table shows. */
export const writeUnknownService: EventTemplate = ({ random }) =>
  `"event_type":"quantum_vault_${random.pick(['opened', 'sealed'])}","initiated_by":[{"field":"state","to":"open"}],` +
  `"vault":{"id":"${random.hex(24)}","shards":[1,2,3]}${requestOrigin(random)}`;
