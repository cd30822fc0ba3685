using System.Diagnostics;

namespace PolaFormer.Pipelines;

/// <summary>An item of a batch and the answer that somebody waits for. The first of <see cref="Complete"/> and <see cref="Fail"/> counts; after a cancellation neither does.</summary>
public sealed class QueuedItem<TItem, TResult>
{
    private readonly TaskCompletionSource<TResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenRegistration _cancellation;

    internal QueuedItem(TItem item, CancellationToken cancellation)
    {
        Item = item;
        _cancellation = cancellation.UnsafeRegister(static (state, token) => ((TaskCompletionSource<TResult>)state!).TrySetCanceled(token), _answer);
    }

    /// <summary>What was asked for.</summary>
    public TItem Item { get; }

    /// <summary>Whether it has been answered, or nobody waits any more.</summary>
    public bool IsDone => _answer.Task.IsCompleted;

    internal Task<TResult> Answer => _answer.Task;

    internal long QueuedAt { get; } = Stopwatch.GetTimestamp();

    /// <summary>Answers.</summary>
    public void Complete(TResult result)
    {
        _cancellation.Unregister();
        _answer.TrySetResult(result);
    }

    /// <summary>Answers that it could not be done.</summary>
    public void Fail(Exception error)
    {
        _cancellation.Unregister();
        _answer.TrySetException(error);
    }
}
