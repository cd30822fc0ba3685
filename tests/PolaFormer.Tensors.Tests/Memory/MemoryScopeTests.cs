using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Tensors.Tests.Memory;

[Collection(nameof(MemoryCounting))]
public class MemoryScopeTests
{
    [Fact]
    public void IntermediateIsGoneAfterItsScopeAndSaysSo()
    {
        Tensor kept, lost;
        using (var scope = MemoryScope.Enter())
        {
            lost = Tensor.Full([4], 1);
            kept = scope.Return(lost + 1);
        }

        Assert.Equal([2, 2, 2, 2], kept.ToArray());
        Assert.Throws<ObjectDisposedException>(() => lost.ToArray());
    }

    [Fact]
    public void ResultOfInnerScopeBelongsToTheOuterOne()
    {
        Tensor inner;
        using (MemoryScope.Enter())
        {
            using (var scope = MemoryScope.Enter())
                inner = scope.Return(Tensor.Full([4], 3));
            Assert.Equal(3, inner.ToArray()[0]);
        }

        Assert.Throws<ObjectDisposedException>(() => inner.ToArray());
    }

    [Fact]
    public void ReturningATensorOfAnOuterScopeDoesNotMoveIt()
    {
        using (MemoryScope.Enter())
        {
            Tensor outer = Tensor.Full([4], 5);
            using (var scope = MemoryScope.Enter())
                scope.Return(outer);
            Assert.Equal(5, outer.ToArray()[0]);
        }
    }

    [Fact]
    public void ViewKeepsTheMemoryOfItsSource()
    {
        Tensor view;
        using (var scope = MemoryScope.Enter())
            view = scope.Return(Tensor.Full([2, 3], 4).Reshape(6));
        Assert.Equal(4, view.ToArray()[5]);
    }

    [Fact]
    public void ExceptionGivesAllMemoryBack()
    {
        long before = Device.Cpu.MemoryStatistics.BytesInUse;
        Assert.Throws<InvalidOperationException>(Fail);
        Assert.Equal(before, Device.Cpu.MemoryStatistics.BytesInUse);

        static void Fail()
        {
            using var scope = MemoryScope.Enter();
            Tensor.Full([1000], 1);
            throw new InvalidOperationException();
        }
    }

    [Fact]
    public void PeakIsTheDeepestChainNotTheSum()
    {
        long Peak(int repetitions)
        {
            long before = Device.Cpu.MemoryStatistics.BytesInUse;
            Device.Cpu.MemoryStatistics.ResetPeak();
            Tensor x = Tensor.Full([1024], 1);
            using (MemoryScope.Enter())
            {
                for (int i = 0; i < repetitions; i++)
                {
                    using (var scope = MemoryScope.Enter())
                        x = scope.Return(x.Exp().Log());
                }
            }

            return Device.Cpu.MemoryStatistics.PeakBytesInUse - before;
        }

        Assert.True(Peak(1) > 0);
        Assert.True(Peak(20) < Peak(1) + (20 * 8192), "each repetition keeps its result alone");
    }

    [Fact]
    public void PeakOfARunDoesNotDependOnTheCollector()
    {
        void Run()
        {
            using var scope = MemoryScope.Enter();
            _ = Tensor.Full([1 << 16], 1).Exp();
        }

        long undisturbed = Device.Cpu.MemoryStatistics.PeakOf(Run);
        Garbage();
        long disturbed = Device.Cpu.MemoryStatistics.PeakOf(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Run();
        });
        Assert.Equal(undisturbed, disturbed);
        Assert.InRange(undisturbed, 2 * (4 << 16), 3 * (4 << 16));
    }

    [Fact]
    public void ATensorBeyondTheMachinesMemoryIsRefusedWithItsSize()
    {
        int rows = (int)(MachineMemory.TotalBytes >> 20);
        var error = Assert.Throws<InsufficientMemoryException>(() => Tensor.Empty([rows, 1 << 20]));
        Assert.StartsWith("A tensor of ", error.Message, StringComparison.Ordinal);
    }

    // Made outside every scope, and forgotten: the collector's.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Garbage() => _ = Tensor.Full([1 << 20], 1);
}
