using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Tests.Memory;

namespace PolaFormer.Tensors.Tests.Threading;

[Collection(nameof(MemoryCounting))]
public class ThreadScratchTests
{
    [Fact]
    public void ThreadsThatHaveEndedHoldNoMemory()
    {
        const int Threads = 100;
        Tensor x = Tensor.Full([1, 8, 8], 0.5f);
        x.RequiresGrad = true;
        var after = new List<(long Scratch, long Pool)>();
        for (int batch = 0; batch < 5; batch++)
        {
            for (int i = 0; i < Threads; i++)
            {
                var thread = new Thread(() => AttentionAndItsGradient(x));
                thread.Start();
                thread.Join();
            }

            after.Add((Device.Cpu.MemoryStatistics.BytesOfScratch, Device.Cpu.MemoryStatistics.BytesReserved));
        }

        // A thread holds some 20 kB, those of a batch 2 MB.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.InRange(Device.Cpu.MemoryStatistics.BytesOfScratch, 0, after[0].Scratch);
        Assert.Equal(after[1].Pool, after[^1].Pool);
    }

    private static void AttentionAndItsGradient(Tensor x)
    {
        using MemoryScope scope = MemoryScope.Enter();
        using var tape = Tape.Start();
        Tensor ones = Tensor.Full([8], 1);
        Tensor y = Tensor.PolarityAttention(x, x, x, Tensor.Zeros([1, 8, 8]), ones, ones, numHeads: 1);
        tape.Backward(y.FeedForward(Tensor.Full([16, 8], 0.1f), null, Activation.Gelu, Tensor.Full([8, 16], 0.1f), null).Sum());
    }
}
