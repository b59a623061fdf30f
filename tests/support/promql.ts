import { parser } from '@prometheus-io/lezer-promql';

/** What an expression asks for. */
export interface PromqlQuestions {
  /** Each selector: a name, and the labels that it is matched by. */
  readonly selectors: readonly { readonly name: string; readonly labels: readonly string[] }[];
  /** Labels that results are grouped by. */
  readonly grouping: readonly string[];
}

/**
 * Reads an expression of Prometheus' query language.
 * @throws Error where it is none
 */
export function readPromql(expression: string): PromqlQuestions {
  const selectors: { name: string; labels: string[] }[] = [];
  const grouping: string[] = [];
  parser.parse(expression).iterate({
    enter(node) {
      const [{ name, isError }, parent] = [node.type, node.node.parent?.name];
      const text = expression.slice(node.from, node.to);
      if (isError) throw new Error(`No expression at character ${node.from}: ${expression}`);
      if (name === 'VectorSelector') selectors.push({ name: '', labels: [] });
      const last = selectors.at(-1);
      if (name === 'Identifier' && parent === 'VectorSelector' && last !== undefined) last.name = text;
      if (name === 'LabelName' && parent === 'GroupingLabels') grouping.push(text);
      else if (name === 'LabelName') last?.labels.push(text);
    },
  });
  return { selectors, grouping };
}
