import { Component, type ReactNode } from 'react';

/** The last net: says that the page broke, and offers the one thing that helps. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="splash" role="alert">
        <h1>This page has stopped working</h1>
        <p>Your agenda is safe on the server. Load the page again to go on.</p>
        <button type="button" className="button button-primary" onClick={() => window.location.reload()}>
          Load again
        </button>
      </main>
    );
  }
}
