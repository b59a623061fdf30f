import { RequestRefused } from './request-refused.js';

/** Top-level members that the attribute tables name (jumpcloud-events, 1 to 16). */
const KNOWN_FIELDS = new Set([
  'id',
  'timestamp',
  'event_type',
  'service',
  'organization',
  '@version',
  'provider',
  'client_ip',
  'geoip',
  'initiated_by',
  'resource',
  'changes',
  'success',
  'error_message',
  'correlation',
  'system_group',
  'association',
  'auth_method',
  'mfa',
  'mfa_meta',
  'auth_context',
  'application',
  'idm_client_id',
  'message_chain',
  'system',
  'target_resource',
  'useragent',
  'user_agent',
  'sso_token_success',
  'idp_initiated',
  'username',
  'auth_type',
  'eap_type',
  'nas_mfa_state',
  'outer',
  'auth_meta',
  'connection_id',
  'operation_number',
  'dn',
  'error_code',
  'base',
  'filter',
  'system_timestamp',
  'message',
  'src_ip',
  'process_name',
  'windows_meta',
  'mdm_type',
  'request_type',
  'command',
  'command_uuid',
  'status',
  'error_chain',
  'result',
  'profile_list',
  'severity',
  'category',
  'name',
  'type',
  'config',
  'workflow',
  'access_request_id',
  'detail',
  'pid',
]);

/** Checks `fields`: absent is fine; an empty list, or one without a known name, is refused. */
export function readFields(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const known = Array.isArray(value)
    ? value.filter((name): name is string => typeof name === 'string' && KNOWN_FIELDS.has(name.split('.')[0] ?? ''))
    : [];
  if (known.length === 0) throw new RequestRefused(400, 'fields has no known field');
  return known;
}
