/** How a post is delivered, where somebody chose otherwise than the team; nothing when nobody did. */
import { deliveryNotes, type LateRule } from './delivery-field.tsx';
import { Card } from './page-frame.tsx';

export function DeliveryNotes({ params, team }: { params: Readonly<Record<string, unknown>>; team: LateRule | null }) {
  const notes = deliveryNotes(params, team);
  if (notes.length === 0) return null;
  return (
    <Card title="Delivery">
      <ul className="ss-notes">
        {notes.map((note) => (
          <li key={note}>{note.endsWith('.') ? note : `${note}.`}</li>
        ))}
      </ul>
    </Card>
  );
}
