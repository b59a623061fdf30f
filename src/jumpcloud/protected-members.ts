/**
 * What detection and the parser of the format 'JumpCloud Directory Insights' read of an event, and what places it. Of
 * `changes`, which is read too and may be what makes an event large, each change keeps its field and small values anyway.
 */
export const PROTECTED_MEMBERS: readonly string[] = [
  ...['id', 'timestamp', 'event_type', 'service', 'organization', '@version', 'provider'],
  ...['initiated_by', 'username', 'client_ip', 'src_ip', 'geoip', 'useragent', 'user_agent'],
  ...['resource', 'association', 'application', 'system', 'process_name'],
  ...['success', 'sso_token_success', 'error_message', 'mfa', 'auth_method'],
];
