import type { SeededRandom } from '../random.js';

/** Flat `geoip` objects as seen in captured events (jumpcloud-events, 1.2), some with members missing. */
const PLACES = [
  geo('EU', 'SE', 'AB', 'Stockholm', 'Europe/Stockholm', '59.3', '18.1'),
  geo('EU', 'PT', '11', 'Lisbon', 'Europe/Lisbon', '38.7', '-9.1'),
  geo('EU', 'FR', '35', 'Ille-et-Vilaine', 'Europe/Paris', '48.1', '-1.7'),
  geo('NA', 'US', 'WA', 'Washington', 'America/Los_Angeles', '47.6', '-122.3'),
  geo('AS', 'JP', '13', '東京都', 'Asia/Tokyo', '35.68950', '139.69171'),
  geo('SA', 'BR', 'SP', 'São Paulo', 'America/Sao_Paulo', '-23.5', '-46.60'),
  '{"country_code":"IS","continent_code":"EU"}',
  '{"continent_code":"OC","country_code":"AU","latitude":-3.5e1,"longitude":149.0}',
];

const AGENTS = [
  agent('Chrome', '151.0.0.0', 'Mac', 'Mac OS X', '15.2'),
  agent('Chrome', '150.0.7204.101', 'Other', 'Windows', '11'),
  agent('Firefox', '141.0', 'Other', 'Ubuntu', ''),
  agent('Edge', '150.0.3351.77', 'Other', 'Windows', '10'),
  agent('Mobile Safari', '18.5', 'iPhone', 'iOS', '18.5.1'),
  '{"name":"Other","os":"Other","os_name":"Other","os_full":"Other","device":"Other"}',
];

const ODD_ADDRESSES = ['unknown', '', 'fe80::1%eth0', '203.0.113.300', '198.51.100.7, 192.0.2.1', '::ffff:192.0.2.128'];

/** Members about the place of a request: `client_ip` and, usually, `geoip`. Starts with a comma, or is empty. */
export function requestOrigin(random: SeededRandom): string {
  const dice = random.below(100);
  if (dice < 2) return '';
  if (dice < 4) return `,"client_ip":"${random.pick(ODD_ADDRESSES)}"`;
  if (dice < 12) return `,"client_ip":"2001:db8:${random.hex(4)}::${random.hex(4)}"`;
  const address = documentationAddress(random);
  return dice < 20 ? `,"client_ip":"${address}"` : `,"client_ip":"${address}","geoip":${random.pick(PLACES)}`;
}

/** An IPv4 address out of the three documentation ranges. */
export function documentationAddress(random: SeededRandom): string {
  return `${random.pick(['192.0.2.', '198.51.100.', '203.0.113.'])}${1 + random.below(254)}`;
}

/** A parsed user agent, under whichever of its two names the caller uses. */
export function userAgent(random: SeededRandom): string {
  return random.pick(AGENTS);
}

/** The `provider` member in its three seen forms: null, empty, absent. Starts with a comma, or is empty. */
export function provider(random: SeededRandom): string {
  return random.pick([',"provider":null', ',"provider":""', '']);
}

function geo(...parts: [string, string, string, string, string, string, string]): string {
  const [continent, country, region, name, zone, latitude, longitude] = parts;
  return (
    `{"continent_code":"${continent}","country_code":"${country}","region_code":"${region}","region_name":"${name}",` +
    `"timezone":"${zone}","latitude":${latitude},"longitude":${longitude}}`
  );
}

function agent(...parts: [string, string, string, string, string]): string {
  const [name, version, device, os, osVersion] = parts;
  const [major, minor, patch] = version.split('.');
  const [osMajor, osMinor] = osVersion.split('.');
  const members = { name, version, major, minor, patch, device, os, os_name: os, os_full: `${os} ${osVersion}`.trim() };
  const full = osVersion === '' ? members : { ...members, os_version: osVersion, os_major: osMajor, os_minor: osMinor };
  return JSON.stringify(full);
}
