// What the tab is called, so that a reader of twenty tabs finds the one.
import { useEffect } from 'react';

/** `title`: what the page is about, such as a webhook's name. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · rowhook`;
  }, [title]);
}
