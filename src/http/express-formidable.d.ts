declare module 'express-formidable' {
  import type { NextFunction, Request, RequestHandler, Response } from 'express';

  /** Only what we use of version 1.2.0, which brings no types; options are assigned to formidable 1.x's form. */
  function formidable(
    options: {
      maxFields?: number;
      maxFieldsSize?: number;
      maxFileSize?: number;
      onPart?(this: formidable.IncomingForm, part: formidable.Part): void;
    },
    events?: readonly formidable.FieldEvent[],
  ): RequestHandler;

  namespace formidable {
    interface Part {
      /** Undefined for a plain field, text (also empty) for a file. */
      filename: string | undefined;
      /** Already decoded where the part says it is base64. */
      on(event: 'data', listener: (piece: Buffer) => void): void;
      on(event: 'end', listener: () => void): void;
    }
    /** Called for every plain field, in order. */
    interface FieldEvent {
      event: 'field';
      action(req: Request, res: Response, next: NextFunction, name: string, value: string): void;
    }
    interface IncomingForm {
      handlePart(part: Part): void;
      _error(error: Error): void;
    }
  }
  export default formidable;
}
