/** One or more plain names joined by '/'. Leading dots are kept for locks and half-written files. */
const DOCUMENT_NAME = /^[^./\\\0][^/\\\0]*(\/[^./\\\0][^/\\\0]*)*$/;

/**
 * Keeps a name inside its data path.
 * @throws TypeError for an absolute name, an empty part, or a part that begins with a dot
 */
export function assertDocumentName(name: string): void {
  if (!DOCUMENT_NAME.test(name)) throw new TypeError(`Not a name for a stored document: ${JSON.stringify(name)}`);
}

/** As `assertDocumentName`, but '' is the data path itself. */
export function assertFolderName(folder: string): void {
  if (folder !== '') assertDocumentName(folder);
}
