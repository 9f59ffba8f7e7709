import { useEffect, useState } from 'react';
import { ClusterApi } from '../../api/cluster-api.ts';
import { createHttp } from '../../api/http.ts';
import { useStore } from '../../use-agenda.ts';
import { ClusterWatch, type WatchState } from './cluster-watch.ts';

/** Watches while somebody can see it: a hidden page asks nothing. */
export function useClusterWatch(): WatchState {
  const [watch] = useState(() => new ClusterWatch(new ClusterApi(createHttp())));
  useEffect(() => {
    const follow = () => (document.visibilityState === 'visible' ? watch.start() : watch.stop());
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      watch.stop();
    };
  }, [watch]);
  return useStore(watch.state);
}
