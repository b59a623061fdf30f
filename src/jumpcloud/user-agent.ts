/** Product and version, as sent to both sides. Equal to package.json and manifest.json, which a test sees to. */
export const VERSION = '2.1.0';
export const USER_AGENT = `sekoia-jumpcloud-directory-insights/${VERSION}`;
