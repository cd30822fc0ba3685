using System.Runtime.InteropServices;
using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>Gradients add up in the processor's memory, wherever they are computed.</summary>
/// <param name="workers">The workers.</param>
internal sealed class ProcessorGradients(WorkerGroup workers) : GradientMemory
{
    public override bool IsQueued => false;

    protected override Device Device => Device.Cpu;

    public override void Take(Tensor values, Tensor sum, int place) => values.ReadBytes(0, MemoryMarshal.AsBytes(Numbers(sum, place, (int)values.Count)));

    public override void PutGradient(Tensor sum, int place, Parameter parameter) => parameter.WriteGrad(MemoryMarshal.AsBytes(Numbers(sum, place, (int)parameter.Count)));

    public override void PutMean(Tensor sum, int place, Tensor values, int count)
    {
        Span<float> numbers = Numbers(sum, place, (int)values.Count);
        foreach (ref float number in numbers)
            number /= count;
        values.WriteBytes(0, MemoryMarshal.AsBytes(numbers));
    }

    public override void Add(Tensor sums, Tensor numbers, int start, int count) => ElementwiseSum.AddTo(Numbers(sums, start, count), Numbers(numbers, start, count));

    public override void SumOverWorkers(Tensor sum, int start, int count, bool isRing)
    {
        if (isRing)
            workers.SumInRing(Numbers(sum, start, count));
        else
            workers.SumInTree(Numbers(sum, start, count));
    }

    public override void Send(int to, Tensor sum) => workers.Send(to, sum.AsBytes());

    public override void Receive(int from, Tensor sum) => workers.Receive(from, sum.AsBytes());

    public override void Broadcast(Tensor sum) => workers.Broadcast(sum.AsBytes());

    private static Span<float> Numbers(Tensor sum, int start, int count) => sum.AsSpan<float>().Slice(start, count);
}
