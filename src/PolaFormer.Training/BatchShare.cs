using PolaFormer.Distributed;

namespace PolaFormer.Training;

/// <summary>The batches of a step that one worker computes: neighbours, as many on every worker as can be.</summary>
/// <param name="PerStep">Batches of a step, of all workers together.</param>
/// <param name="First">This worker's first batch of a step.</param>
/// <param name="End">The batch behind its last one.</param>
internal readonly record struct BatchShare(int PerStep, int First, int End)
{
    /// <summary>Batches of a step on this worker.</summary>
    public int Count => End - First;

    /// <summary>The share of a worker.</summary>
    /// <exception cref="WorkerException">There are more workers than batches in a step.</exception>
    public static BatchShare Of(WorkerGroup workers, int perStep)
    {
        if (perStep < workers.Size)
            throw new WorkerException($"{workers.Size} workers for {perStep} parts of a batch (TRAIN.MICRO_BATCHES). Start at most {perStep}, or cut the batch into more parts.");
        (int first, int end) = workers.ShareOf(perStep);
        return new BatchShare(perStep, first, end);
    }

    /// <summary>Numbers of this worker's batches in an epoch, in order.</summary>
    /// <param name="firstStep">Step to begin with.</param>
    /// <param name="steps">Steps of the epoch.</param>
    public IReadOnlyList<int> Numbers(int firstStep, int steps)
    {
        var numbers = new List<int>((steps - firstStep) * Count);
        for (int step = firstStep; step < steps; step++)
        {
            for (int i = First; i < End; i++)
                numbers.Add((step * PerStep) + i);
        }

        return numbers;
    }
}
