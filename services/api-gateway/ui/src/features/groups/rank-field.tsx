import type { Group } from '../../api/groups-api.ts';
import { TextField } from '../../components/text-field.tsx';
import { rankGivenMax } from './group-rules.ts';

interface RankFieldProps {
  readonly group: Group;
  readonly value: string;
  readonly error: string | undefined;
  readonly testId: string;
  readonly onText: (text: string) => void;
}

export function RankField({ group, ...field }: RankFieldProps) {
  const max = rankGivenMax(group);
  const hint = max === 1 ? '1, below your own.' : `1 to ${max}; a greater one stands higher.`;
  return <TextField label="Rank" hint={hint} inputMode="numeric" autoComplete="off" {...field} />;
}
