using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.NN.Tests;

public class DropoutTests
{
    private const float Probability = 0.25f;

    [Fact]
    public void EvaluationChangesNothing()
    {
        var dropout = new Dropout(Probability);
        dropout.Evaluate();
        Assert.All(Run(dropout, 0), value => Assert.Equal(1, value));
    }

    [Fact]
    public void TrainingZeroesItsShareAndScalesTheRest()
    {
        float[] values = Run(Training(), 0);
        Assert.Equal(Probability, values.Count(value => value == 0) / (double)values.Length, 0.02);
        Assert.All(values, value => Assert.True(value is 0 or 1 / (1 - Probability)));
    }

    [Fact]
    public void DrawsDependOnTheStepAndTheNameAlone()
    {
        Assert.Equal(Run(Training(), 3), Run(Training(), 3));
        Assert.NotEqual(Run(Training(), 3), Run(Training(), 4));
        var list = new ModuleList<Dropout>([new Dropout(Probability), new Dropout(Probability)]);
        list.Train();
        Assert.NotEqual(Run(list[0], 3), Run(list[1], 3));
    }

    [Fact]
    public void TheGradientPassesWhereTheValueDid()
    {
        Tensor x = Tensor.Full([4, 50], 1);
        x.RequiresGrad = true;
        using var tape = Tape.Start();
        Tensor y = Training().Forward(x);
        tape.Backward(y, Tensor.Full(y.Shape, 1));
        Assert.Equal(y.ToArray(), x.Grad!.ToArray());
    }

    [Fact]
    public void FeedForwardPartsWithoutDrawsEqualThoseWithoutDropout()
    {
        Mlp with = new(6, 12, Probability), without = new(6, 12);
        with.Initialize(1);
        without.Initialize(1);
        Tensor x = Tensor.Full([2, 6], 0.5f);
        Assert.Equal(without.Forward(x).ToArray(), with.Forward(x).ToArray());
        with.Train();
        Assert.NotEqual(without.Forward(x).ToArray(), with.Forward(x).ToArray());
    }

    private static Dropout Training()
    {
        var dropout = new Dropout(Probability);
        dropout.Train();
        return dropout;
    }

    private static float[] Run(Dropout dropout, ulong step)
    {
        RandomStep.Current = new RandomStep(1, step);
        return dropout.Forward(Tensor.Full([40, 200], 1)).ToArray();
    }
}
