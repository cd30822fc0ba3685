using System.Diagnostics;
using Microsoft.Extensions.Logging;
using PolaFormer.Server.Models;
using PolaFormer.Server.Repository;
using PolaFormer.Server.Scheduling;
using PolaFormer.Server.Telemetry;
using PolaFormer.Vision;

namespace PolaFormer.Server.Inference;

/// <summary>From what clients send to answers, whatever the protocol: room in the queue, preparation, queue, answer.</summary>
internal sealed partial class InferenceService(LimitOptions limits, ILogger<InferenceService> logger) : IDisposable
{
    // Decoding is work of the processor: more at once would only take memory.
    private readonly SemaphoreSlim _decoders = new(Environment.ProcessorCount);

    /// <summary>Answers the inputs of a request.</summary>
    /// <param name="model">The model, which the caller holds.</param>
    /// <param name="inputs">What the client sent.</param>
    /// <param name="timeout">The client's time limit; null for the server's.</param>
    /// <param name="aborted">The client has gone away.</param>
    /// <exception cref="ServingException">The request as a whole is refused, or late.</exception>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public async Task<Outcome[]> RunAsync(LoadedModel model, IReadOnlyList<InputData> inputs, TimeSpan? timeout, CancellationToken aborted)
    {
        if (inputs.Count == 0)
            throw ServingException.BadRequest("The request has no input.");
        if (inputs.Count > limits.MaxItems)
            throw ServingException.TooLarge($"The request has {inputs.Count} inputs; at most {limits.MaxItems} are taken.");
        TimeSpan time = timeout is { } wanted && wanted < limits.Timeout ? wanted : limits.Timeout;
        if (time <= TimeSpan.Zero)
            throw ServingException.Late();
        using ModelScheduler.Admission admission = model.Scheduler.Admit(inputs.Count);
        using var source = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        source.CancelAfter(time);
        long deadline = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        try
        {
            Outcome[] outcomes = inputs.Count == 1
                ? [await AnswerAsync(model, inputs[0], deadline, source.Token)]
                : await Task.WhenAll(inputs.Select(input => Task.Run(() => AnswerAsync(model, input, deadline, source.Token))));

            // The timer of the cancellation counts milliseconds, and may come after the answer.
            return Stopwatch.GetTimestamp() <= deadline ? outcomes : throw ServingException.Late();
        }
        catch (OperationCanceledException) when (!aborted.IsCancellationRequested)
        {
            throw ServingException.Late();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _decoders.Dispose();

    private async Task<Outcome> AnswerAsync(LoadedModel model, InputData input, long deadline, CancellationToken cancellation)
    {
        TimeSpan decoded = TimeSpan.Zero;
        try
        {
            (ModelInput prepared, decoded) = await PrepareAsync(model, input, cancellation);
            return new Outcome(await model.Scheduler.Submit(prepared, deadline, cancellation), null, decoded);
        }
        catch (OperationCanceledException)
        {
            throw;
        }
        catch (Exception error)
        {
            return new Outcome(null, ProblemOf(model, error), decoded);
        }
    }

    private async Task<(ModelInput Input, TimeSpan Time)> PrepareAsync(LoadedModel model, InputData input, CancellationToken cancellation)
    {
        await _decoders.WaitAsync(cancellation);
        try
        {
            long start = Stopwatch.GetTimestamp();
            using Activity? span = ServerTrace.StartDecode();
            ModelInput prepared = input switch
            {
                ImageFile file => model.Model.FromImage(file.Bytes.Span, limits.MaxPixels, file.WantsEmbedding),
                Pixels pixels => model.Model.FromPixels(pixels.Values, pixels.WantsEmbedding),
                Text text => model.Model.FromText(text.First, text.Second),
                _ => throw new UnreachableException(),
            };
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            model.Meter.Decoded(time);
            return (prepared, time);
        }
        finally
        {
            _decoders.Release();
        }
    }

    private ServingException ProblemOf(LoadedModel model, Exception error)
    {
        switch (error)
        {
            case ServingException known:
                return known;
            case ImageException image:
                return ServingException.Unprocessable($"The image cannot be read: {image.Message.TrimEnd('.')}.");
            case NotFiniteNumberException:
                LogFailed(model.Name, error);
                return ServingException.Failed("The model gives no numbers for this input.", error);
            case OutOfMemoryException:
                LogFailed(model.Name, error);
                return ServingException.Unavailable("There is not memory enough for this input now.", TimeSpan.FromSeconds(1));
            default:
                LogFailed(model.Name, error);
                return ServingException.Failed("The model failed. The server's log says why.", error);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Model {Model} failed.")]
    private partial void LogFailed(string model, Exception error);
}
