// A name, company, key or reason as somebody wrote it: whichever direction it has, what stands beside it keeps its own.
import { balanced } from '../words/isolate.ts';

export function Isolate({ text }: { readonly text: string }) {
  return <bdi>{balanced(text)}</bdi>;
}
