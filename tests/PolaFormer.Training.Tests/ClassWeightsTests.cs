using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests;

/// <summary>What balanced weights of classes promise.</summary>
public sealed class ClassWeightsTests
{
    private static readonly int[] s_labels = [0, 0, 0, 0, 0, 0, 1, 1, 2];

    [Fact]
    public void TheMeanWeightOfAnExampleIsOne()
    {
        float[] weights = ClassWeights.Balanced([6, 2, 1, 0]);
        Assert.Equal([0.5f, 1.5f, 3, 0], weights);
        Assert.Equal(1, s_labels.Average(label => weights[label]), 1e-6);
    }

    [Fact]
    public void TheLossIsTheMeanOverTheClassesOfTheirMeanLosses()
    {
        float[] logits = [.. Enumerable.Range(0, 27).Select(i => MathF.Sin(i * 1.7f))];
        (float loss, float[] gradient) = Weighted(logits, ClassWeights.Balanced([6, 2, 1]));
        float[] losses = Tensor.From(logits, [9, 3]).CrossEntropy(SoftTargets.FromLabels(s_labels, 3, 0)).ToArray();
        double expected = Enumerable.Range(0, 3).Average(label => s_labels.Index().Where(pair => pair.Item == label).Average(pair => losses[pair.Index]));
        Assert.Equal(expected, loss, 1e-5);

        // As if every example of a small class were there as often as those of the largest.
        int[] rows = [0, 1, 2, 3, 4, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 8, 8, 8];
        (float repeatedLoss, float[] repeated) = Repeated(logits, rows);
        Assert.Equal(repeatedLoss, loss, 1e-5);
        for (int row = 0; row < 9; row++)
        {
            for (int c = 0; c < 3; c++)
                Assert.Equal(rows.Index().Where(pair => pair.Item == row).Sum(pair => repeated[(pair.Index * 3) + c]), gradient[(row * 3) + c], 1e-6);
        }
    }

    [Fact]
    public void ATrainingStepWeighsItsExamples()
    {
        using var images = new SyntheticImages(trainPerClass: 4, evaluationPerClass: 1);
        for (int i = 1; i < 4; i++)
            File.Delete(Path.Combine(images.Path, "train", "blue", $"{i:D3}.bmp"));
        float plain = FirstLoss(images.Path, "none"), weighted = FirstLoss(images.Path, "balanced");
        Assert.NotEqual(plain, weighted);
        Assert.Contains("twice", Assert.Throws<ConfigurationException>(() => Task(images.Path, "balanced", "DATA.BALANCED", "true")).Message);
    }

    private static (float Loss, float[] Gradient) Weighted(float[] logits, float[] weights) =>
        LossOf(logits, ClassWeights.Apply(SoftTargets.FromLabels(s_labels, 3, 0), weights));

    private static (float Loss, float[] Gradient) Repeated(float[] logits, int[] rows) =>
        LossOf([.. rows.SelectMany(row => logits[(row * 3)..((row + 1) * 3)])], SoftTargets.FromLabels([.. rows.Select(row => s_labels[row])], 3, 0));

    private static (float Loss, float[] Gradient) LossOf(float[] logits, Tensor targets)
    {
        Tensor x = Tensor.From(logits, targets.Shape);
        x.RequiresGrad = true;
        using var tape = Tape.Start();
        Tensor loss = x.CrossEntropy(targets).Mean();
        tape.Backward(loss);
        return (loss.Item(), x.Grad!.ToArray());
    }

    private static float FirstLoss(string data, string weights)
    {
        ClassificationTask task = Task(data, weights);
        task.Model.Evaluate();
        using var tape = Tape.Start();
        return task.Results(0, [0]).First().Run().Loss.Item();
    }

    private static ClassificationTask Task(string data, string weights, params string[] options)
    {
        string[] own =
        [
            "MODEL.TYPE", "polaformer_pp_cifar", "MODEL.NUM_CLASSES", "3", "DATA.DATA_PATH", data, "DATA.DATASET", "cifar10", "DATA.IMG_SIZE", "32", "DATA.BATCH_SIZE", "8",
            "DATA.NUM_WORKERS", "0", "AUG.MIXUP", "0", "AUG.CUTMIX", "0", "TRAIN.CLASS_WEIGHTS", weights,
        ];
        return new ClassificationTask(ConfigurationReader.Read(null, [.. own, .. options]));
    }
}
