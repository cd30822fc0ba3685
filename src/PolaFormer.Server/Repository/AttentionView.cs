using System.Diagnostics;
using PolaFormer.Server.Models;
using PolaFormer.Server.Scheduling;
using PolaFormer.Server.Telemetry;

namespace PolaFormer.Server.Repository;

/// <summary>The copy of a loaded classifier that shows its attention, with a short queue of its own.</summary>
internal sealed class AttentionView
{
    private static readonly SchedulingOptions s_options = new() { Instances = 1, MaxBatch = 1, Capacity = 8 };

    private readonly ServedAttention _attention;
    private readonly ModelScheduler _scheduler;

    /// <summary>Starts the queue.</summary>
    public AttentionView(ServedAttention attention, string model, ServerMeter meter)
    {
        _attention = attention;
        _scheduler = new ModelScheduler($"{model} attention", attention.Run, s_options, new ModelMeter(meter, $"{model}:attention"));
    }

    /// <summary>The attention of a place in an image.</summary>
    /// <param name="file">The image file.</param>
    /// <param name="x">From the left edge of what the network sees, in [0, 1].</param>
    /// <param name="y">From the upper edge, in [0, 1].</param>
    /// <param name="limits">Limits of pixels and time.</param>
    /// <param name="aborted">The client has gone away.</param>
    /// <exception cref="ServingException">There is no room, or it took too long.</exception>
    /// <exception cref="Vision.ImageException">It is no image that can be decoded.</exception>
    public async Task<AttentionRows> LookAsync(ReadOnlyMemory<byte> file, float x, float y, LimitOptions limits, CancellationToken aborted)
    {
        using ModelScheduler.Admission admission = _scheduler.Admit(1);
        using var source = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        source.CancelAfter(limits.Timeout);
        try
        {
            ModelInput input = _attention.FromImage(file.Span, limits.MaxPixels, x, y);
            Answer answer = await _scheduler.Submit(input, Stopwatch.GetTimestamp(), source.Token);
            return (AttentionRows)answer.Result;
        }
        catch (OperationCanceledException) when (!aborted.IsCancellationRequested)
        {
            throw ServingException.Late();
        }
    }

    /// <summary>Ends the queue.</summary>
    public void Close() => _scheduler.Close();
}
