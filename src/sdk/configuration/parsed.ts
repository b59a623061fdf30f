/** A setting's text, read: what it means, or what is wrong with it. */
export type Parsed<T> = { readonly value: T; readonly warning?: string } | { readonly problem: string };
