using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Tests.Memory;

namespace PolaFormer.Tensors.Tests.Autograd;

[Collection(nameof(MemoryCounting))]
public class TapeTests
{
    [Fact]
    public void GradientsOfEveryUseAreSummed()
    {
        Tensor x = Leaf(3);
        using var tape = Tape.Start();
        tape.Backward((x * x) + x);
        Assert.Equal(7, x.Grad!.Item());
    }

    [Fact]
    public void AResultKeepsItsGradientWhereItIsAskedTo()
    {
        Tensor x = Leaf(3);
        using var tape = Tape.Start();
        Tensor y = x * 2, z = y * y;
        y.KeepGrad();
        tape.Backward(z + (y * 5));
        Assert.Equal((2 * 6) + 5, y.Grad!.Item());
        Assert.Equal(2 * 17, x.Grad!.Item());
        Assert.Null(z.Grad);
        Assert.Throws<InvalidOperationException>(() => Leaf(1).KeepGrad());
    }

    [Fact]
    public void BackwardTwiceAccumulatesAndZeroGradForgets()
    {
        Tensor x = Leaf(2);
        for (int i = 1; i <= 2; i++)
        {
            using var tape = Tape.Start();
            tape.Backward(x * 5);
            Assert.Equal(5 * i, x.Grad!.Item());
        }

        x.ZeroGrad();
        Assert.Null(x.Grad);
    }

    [Fact]
    public void NothingIsRecordedWithoutATapeOrUnderDisabledGradMode()
    {
        Tensor x = Leaf(2);
        Assert.False((x * 2).IsTracked);
        using var tape = Tape.Start();
        using (GradMode.Disable())
            Assert.False((x * 2).IsTracked);
        Assert.Equal(0, tape.Count);
    }

    [Fact]
    public void OperatorWithoutGradientThrowsByNameInsteadOfCuttingIt()
    {
        Tensor x = Leaf(2);
        using var tape = Tape.Start();
        var error = Assert.Throws<InvalidOperationException>(() => (x * 2).To(DType.Float16));
        Assert.Contains("To has no gradient", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BackwardOfUnrecordedLossSaysWhy()
    {
        using var tape = Tape.Start();
        var error = Assert.Throws<InvalidOperationException>(() => tape.Backward(Tensor.Full([1], 2)));
        Assert.Contains("not recorded", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BackwardOfAVectorNeedsAGradient()
    {
        Tensor x = Tensor.Full([3], 1);
        x.RequiresGrad = true;
        using var tape = Tape.Start();
        Assert.Throws<InvalidOperationException>(() => tape.Backward(x * 2));
    }

    [Fact]
    public void DetachStopsTheGradient()
    {
        Tensor x = Leaf(3);
        using var tape = Tape.Start();
        tape.Backward(x.Detach() * x);
        Assert.Equal(3, x.Grad!.Item());
    }

    [Fact]
    public void SteadyStateTrainingTakesNoNewMemory()
    {
        Tensor weight = Tensor.Full([64, 64], 0.01f);
        weight.RequiresGrad = true;
        Tensor x = Tensor.Full([32, 64], 1);
        long reserved = 0;
        for (int step = 0; step < 6; step++)
        {
            weight.ZeroGrad();
            using (MemoryScope.Enter())
            using (var tape = Tape.Start())
                tape.Backward(x.Linear(weight).Gelu().Linear(weight).Mean());
            if (step == 2)
                reserved = Device.Cpu.MemoryStatistics.BytesReserved;
        }

        Assert.Equal(reserved, Device.Cpu.MemoryStatistics.BytesReserved);
    }

    private static Tensor Leaf(float value)
    {
        Tensor x = Tensor.Full([1], value);
        x.RequiresGrad = true;
        return x;
    }
}
