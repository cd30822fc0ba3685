using System.Diagnostics;
using PolaFormer.Server.Models;

namespace PolaFormer.Server.Scheduling;

/// <summary>An input on its way through the queue.</summary>
internal sealed class WorkItem(ModelInput input, ActivityContext trace)
{
    // The threads of computation run nothing of a request.
    private readonly TaskCompletionSource<Answer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the network is given.</summary>
    public ModelInput Input => input;

    /// <summary>The span of the request.</summary>
    public ActivityContext Trace => trace;

    /// <summary>When it was put into the queue, on the clock of <see cref="Stopwatch"/>.</summary>
    public long EnqueuedAt { get; } = Stopwatch.GetTimestamp();

    /// <summary>The answer to come.</summary>
    public Task<Answer> Answer => _answer.Task;

    /// <summary>Gives the answer, unless the request has ended.</summary>
    public void Complete(in Answer answer) => _answer.TrySetResult(answer);

    /// <summary>Tells why there is no answer.</summary>
    public void Fail(Exception error) => _answer.TrySetException(error);

    /// <summary>Ends the request without an answer.</summary>
    public void Cancel(CancellationToken token) => _answer.TrySetCanceled(token);
}
