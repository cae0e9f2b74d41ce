// The steps of the tab's history: where on the page one was at each, and which link led on, so that Back finds the place again.
// The browser cannot: what it would scroll to is not there yet when it comes back.

interface Place {
  readonly scrollY: number;
  /** The link that was followed, and how far below the window's top it stood; null: it was none. */
  readonly followed: { readonly href: string; readonly top: number } | null;
}

const places = new Map<string, Place>();
// About a second: as long as a list may take to be there.
const mostFrames = 60;
let made = 0;
let here = '';
let isBack = false;

/** Before anything else listens to the address. */
export function beginSteps(): void {
  history.scrollRestoration = 'manual';
  here = stepHere() ?? makeStep();
  window.addEventListener('hashchange', () => {
    places.set(here, placeBefore(location.hash));
    const known = stepHere();
    isBack = known !== null && places.has(known);
    here = known ?? makeStep();
  });
}

/** Goes to where one was at this step, with the focus on the link that was followed. False: one was not here, or was told so before. */
export function comeBack(): boolean {
  const place = places.get(here);
  if (!isBack || place === undefined) return false;
  isBack = false;
  find(place, here, mostFrames);
  return true;
}

function find(place: Place, step: string, frames: number): void {
  const { scrollY, followed } = place;
  if (step !== here) return;
  const link = followed === null ? null : linkTo(followed.href);
  if (followed !== null && link === null && frames > 0) {
    requestAnimationFrame(() => find(place, step, frames - 1));
    return;
  }
  window.scrollTo(0, scrollY);
  if (followed === null || link === null) return;
  window.scrollBy(0, link.getBoundingClientRect().top - followed.top);
  link.focus({ preventScroll: true });
}

function placeBefore(href: string): Place {
  const link = linkTo(href);
  const followed = link === null ? null : { href, top: link.getBoundingClientRect().top };
  return { scrollY: window.scrollY, followed };
}

function linkTo(href: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`main a[href="${CSS.escape(href)}"]`);
}

function stepHere(): string | null {
  const state: unknown = history.state;
  const step = typeof state === 'object' && state !== null && 'step' in state ? state.step : null;
  return typeof step === 'string' ? step : null;
}

// Other than those of the page before a reload, which stand in the history still.
function makeStep(): string {
  made += 1;
  const step = `${performance.timeOrigin} ${made}`;
  history.replaceState({ step }, '');
  return step;
}
