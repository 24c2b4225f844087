declare module 'express-formidable' {
  import type { RequestHandler } from 'express';

  /** Only what we use of version 1.2.0, which brings no types; options are assigned to formidable 1.x's form. */
  function formidable(options: {
    maxFields?: number;
    maxFieldsSize?: number;
    maxFileSize?: number;
    onPart?(this: formidable.IncomingForm, part: formidable.Part): void;
  }): RequestHandler;

  namespace formidable {
    interface Part {
      /** Undefined for a plain field, text (also empty) for a file. */
      filename: string | undefined;
    }
    interface IncomingForm {
      handlePart(part: Part): void;
      _error(error: Error): void;
    }
  }
  export default formidable;
}
