using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Training;

/// <summary>
/// Gradients add up in the memory of the device that computes them, and go from device to device. The messages and sums are those of
/// <see cref="ProcessorGradients"/>, so their bits are, too.
/// </summary>
/// <param name="workers">The workers.</param>
/// <param name="device">This one's device.</param>
/// <param name="links">Joins it to those of the others; null for one worker.</param>
internal sealed class DeviceGradients(WorkerGroup workers, Device device, DeviceLinks? links) : GradientMemory
{
    // What is received to be added.
    private Tensor? _theirs;

    public override bool IsQueued => true;

    protected override Device Device => device;

    private DeviceLinks Links => links ?? throw new InvalidOperationException("There is one worker alone.");

    public override void Take(Tensor values, Tensor sum, int place)
    {
        using var scope = MemoryScope.Enter();
        Part(sum, place, (int)values.Count).CopyFrom(values.Detach().Reshape((int)values.Count));
    }

    public override void PutGradient(Tensor sum, int place, Parameter parameter) => parameter.WriteGrad(Part(sum, place, (int)parameter.Count).Reshape(parameter.Shape));

    // A power of two, so the factor is exact.
    public override void PutMean(Tensor sum, int place, Tensor values, int count)
    {
        using var scope = MemoryScope.Enter();
        values.CopyFrom((Part(sum, place, (int)values.Count) * (1f / count)).Reshape(values.Shape));
    }

    public override void Add(Tensor sums, Tensor numbers, int start, int count) => Part(sums, start, count).Add(Part(numbers, start, count));

    public override void SumOverWorkers(Tensor sum, int start, int count, bool isRing)
    {
        IReadOnlyList<SumStep> steps = isRing ? workers.StepsOfRing(count) : workers.StepsOfTree(count);
        int longest = steps.Where(step => step.Adds).Select(step => step.Count).DefaultIfEmpty().Max();
        if (_theirs is null || _theirs.Count < longest)
        {
            // What the messages so far are received in stays until they are done.
            Links.LetDeviceWait();
            _theirs = New(longest);
        }

        Links.WaitForDevice();
        foreach (SumStep step in steps)
        {
            Tensor? mine = PartOrNull(sum, start + step.Start, step.Count), received = step.Adds ? PartOrNull(_theirs, 0, step.Count) : mine;
            Links.Exchange(step.To, PartOrNull(sum, start + step.SentStart, step.SentCount), step.From, received);
            if (step.Adds && mine is not null)
                Links.Add(mine, received!);
        }
    }

    public override void Send(int to, Tensor sum)
    {
        Links.WaitForDevice();
        Links.Exchange(to, sum, to, null);
    }

    public override void Receive(int from, Tensor sum)
    {
        Links.WaitForDevice();
        Links.Exchange(from, null, from, sum);
        Links.LetDeviceWait();
    }

    public override void Broadcast(Tensor sum)
    {
        Links.WaitForDevice();
        foreach ((int worker, bool isSent) in workers.StepsOfBroadcast())
            Links.Exchange(worker, isSent ? sum : null, worker, isSent ? null : sum);
    }

    public override void WaitForMessages() => links?.LetDeviceWait();

    public override void Dispose() => links?.Dispose();

    private static Tensor? PartOrNull(Tensor sum, int start, int count) => count > 0 ? Part(sum, start, count) : null;
}
