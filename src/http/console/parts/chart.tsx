// A chart of the last hour. Its figures stand beside it in words, so the drawing itself is nothing that a screen reader would miss.
import { useEffect, useRef, useSyncExternalStore } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { hourAndMinute } from '../words/times.ts';
import { useZone } from '../zone.ts';

export interface Line {
  readonly name: string;
  /** Of the theme: `--accent`. */
  readonly color: string;
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  /** Seconds since 1970. */
  readonly at: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
}

const height = 120;
// An axis of less would say the same minute again and again.
const shortestS = 600;

export function Chart({ title, at, lines, format }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const formatter = useRef(format);
  const isDark = useSyncExternalStore(watchScheme, () => darkScheme.matches);
  const zone = useZone();
  const names = lines.map(({ name, color }) => `${name}=${color}`).join();
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const style = getComputedStyle(element);
    const color = (name: string): string => style.getPropertyValue(name);
    const axis = {
      stroke: color('--quiet'),
      grid: { stroke: color('--line'), width: 1 },
      ticks: { show: false },
      font: '11px system-ui, sans-serif',
    };
    const drawn = new UPlot(
      {
        width: element.clientWidth,
        height,
        padding: [6, 4, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { range: (_plot, min, max) => [Math.min(min, max - shortestS), max] },
          y: { range: (_plot, _min, max) => [0, Math.max(max * 1.1, 1)] },
        },
        axes: [
          {
            ...axis,
            size: 22,
            incrs: [60, 300, 600, 1_200],
            space: 48,
            values: (_plot, times) => times.map((seconds) => hourAndMinute(new Date(seconds * 1000), zone)),
          },
          {
            ...axis,
            size: 58,
            values: (_plot, values) => values.map((value) => formatter.current(value)),
            space: 32,
          },
        ],
        series: [
          {},
          ...names.split(',').map((each) => {
            const [label = '', variable = ''] = each.split('=');
            return { label, stroke: color(variable), width: 1.5, spanGaps: false, points: { show: false } };
          }),
        ],
      },
      [[]],
      element,
    );
    plot.current = drawn;
    const resized = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      drawn.destroy();
      plot.current = null;
    };
    // The colours are those of the scheme.
  }, [names, isDark, zone]);
  useEffect(() => {
    formatter.current = format;
    plot.current?.setData([[...at], ...lines.map(({ values }) => [...values])]);
  });
  return <div className="chart" ref={box} role="img" aria-label={title} />;
}

const darkScheme = matchMedia('(prefers-color-scheme: dark)');

function watchScheme(listener: () => void): () => void {
  darkScheme.addEventListener('change', listener);
  return () => darkScheme.removeEventListener('change', listener);
}
