// The page's memory of what the service answered. What belongs to one token's scope never outlives it: session.ts empties it.
import { QueryClient } from '@tanstack/react-query';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      // What was refused stays refused; what cannot be reached is asked for again anyway.
      retry: false,
      // A browser that thinks it is offline would hold a question back; asking at once says what is wrong.
      networkMode: 'always',
    },
    // A press does something now or fails in words: one that was given up must not be carried out later.
    mutations: { networkMode: 'always' },
  },
});
