/** A setting's text, read: what it means, or what is wrong with it. */
export type Parsed<T> =
  | {
      /** What it means. */
      readonly value: T;
      /** What the operator should know nevertheless, as a sentence. */
      readonly warning?: string;
    }
  | {
      /** What is wrong, and what is allowed. Never the value of a secret. */
      readonly problem: string;
    };
