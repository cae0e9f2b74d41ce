/** A poster that may call this machine, and a POST with the defaults of a test. */
import type { Outcome } from '../../src/delivery/outcome.ts';
import { createPoster, type Poster, type PostRequest, type PostResult } from '../../src/delivery/post.ts';

export function localPoster(options: Partial<Parameters<typeof createPoster>[0]> = {}): Poster {
  return createPoster({ allowTargets: ['127.0.0.0/8'], allowHttp: false, ...options });
}

export function tracedPost(
  poster: Poster,
  request: Partial<PostRequest> & { url: string },
): Promise<PostResult> {
  return poster.post({ body: '{"a":1}', timeoutMs: 5_000, mayWrite: () => true, ...request });
}

/** What became of it, without what was measured. */
export async function postWith(
  poster: Poster,
  request: Partial<PostRequest> & { url: string },
): Promise<Outcome | { readonly kind: 'not_written' }> {
  const result = await tracedPost(poster, request);
  return result.kind === 'finished' ? result.outcome : result;
}
