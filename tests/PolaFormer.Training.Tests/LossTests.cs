using PolaFormer.Tensors;

namespace PolaFormer.Training.Tests;

public sealed class LossTests
{
    [Theory]
    [InlineData("label_smoothing", 0.1f)]
    [InlineData("cross_entropy", 0)]
    public void AgreesWithTimm(string name, float smoothing)
    {
        using var reference = new RecipeFixture("losses");
        Tensor logits = Tensor.From(reference.Floats("in.x"), reference.ShapeOf("in.x"));
        int[] labels = [.. reference.Integers("in.labels").Select(label => (int)label)];
        float loss = logits.CrossEntropy(SoftTargets.FromLabels(labels, logits.Shape[1], smoothing)).Mean().Item();
        Assert.Equal(reference.Doubles($"out64.{name}")[0], loss, reference.Tolerance($"out.{name}"));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    public void ALabelThatIsNoClassIsAnError(int label) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SoftTargets.FromLabels([label], 3, 0));
}
