using PolaFormer.Tensors;
using PolaFormer.Vision;
using PolaFormer.Vision.Datasets;
using PolaFormer.Vision.Loading;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Training.Tests;

/// <summary>What answers to labelled images say of a classifier.</summary>
public class ClassifierAnswersTests
{
    [Fact]
    public void ClassesAreScoredByPrecisionRecallAndF1()
    {
        ClassifierAnswers answers = Answers([0, 0, 0, 1], [0.9f, 0.1f], [0.8f, 0.2f], [0.3f, 0.7f], [0.4f, 0.6f]);
        Assert.Equal(new[,] { { 2, 1 }, { 0, 1 } }, answers.Confusion());
        ClassScore cat = answers.Scores()[0], dog = answers.Scores()[1];
        Assert.Equal((1, 2 / 3.0, 0.8), (cat.Precision, cat.Recall, cat.F1));
        Assert.Equal((0.5, 1, 2 / 3.0), (dog.Precision, dog.Recall, dog.F1));
        Assert.Equal((0.75, (0.8 + (2 / 3.0)) / 2), (answers.Accuracy, answers.MacroF1));
    }

    [Fact]
    public void AClassThatIsNoAnswerHasNoPrecisionAndOneWithoutImagesNoPartInTheMean()
    {
        ClassifierAnswers answers = Answers([0], [0.9f, 0.1f]);
        Assert.True(double.IsNaN(answers.Scores()[1].Precision) && double.IsNaN(answers.Scores()[1].Recall));
        Assert.Equal(1, answers.MacroF1);
    }

    [Fact]
    public void TheCalibrationErrorWeighsBinsByTheirAnswers()
    {
        // Three answers of 0.9, two of them right, and one of 0.6, which is wrong.
        ClassifierAnswers answers = Answers([0, 0, 1, 1], [0.9f, 0.1f], [0.9f, 0.1f], [0.9f, 0.1f], [0.6f, 0.4f]);
        Assert.Equal((0.75 * Math.Abs((2 / 3.0) - 0.9)) + (0.25 * 0.6), answers.CalibrationError, 1e-6);
    }

    [Fact]
    public void CertaintyLiesInTheLastBin()
    {
        ReliabilityBin last = Answers([0], [1f, 0f]).Reliability()[^1];
        Assert.Equal((1, 1.0, 1.0), (last.Count, last.Confidence, last.Accuracy));
    }

    [Fact]
    public void TheWorstMistakesComeFirstAndRightAnswersNever()
    {
        ClassifierAnswers answers = Answers([0, 0, 0, 1], [0.4f, 0.6f], [0.1f, 0.9f], [0.9f, 0.1f], [0.7f, 0.3f]);
        Assert.Equal([1, 3, 0], answers.Worst(20).Select(answer => answer.Index));
    }

    [Fact]
    public void TheFiveMostProbableClassesAreKeptInTheirOrder()
    {
        var answers = new ClassifierAnswers([.. "abcdefg".Select(letter => $"{letter}")]);
        answers.Add(BatchOf([2]), Tensor.From([0.1f, 0.3f, 0.05f, 0.2f, 0.2f, 0.1f, 0.05f], [1, 7]));
        Assert.Equal([1, 3, 4, 0, 5], answers.All[0].Top.Select(top => top.Class));
        Assert.Equal(0.05f, answers.All[0].LabelProbability);
    }

    [Fact]
    public void TopFiveIsNoFigureOfFiveClasses()
    {
        Assert.Equal(["top1"], ClassificationMetrics.For(5).Select(metric => metric.Name));
        Assert.Equal(["top1", "top5"], ClassificationMetrics.For(6).Select(metric => metric.Name));
    }

    private static ClassifierAnswers Answers(int[] labels, params float[][] probabilities)
    {
        var answers = new ClassifierAnswers(["cat", "dog"]);
        answers.Add(BatchOf(labels), Tensor.From([.. probabilities.SelectMany(row => row)], [labels.Length, 2]));
        return answers;
    }

    private static Batch BatchOf(int[] labels) =>
        new DataLoader(new Grey(labels), new EvalTransform(8, EvalResize.Square), new DataLoaderOptions { BatchSize = labels.Length }).Epoch(0).First();

    private sealed class Grey(int[] labels) : IImageDataset
    {
        public int Count => labels.Length;

        public IReadOnlyList<string> Classes => ["a", "b", "c"];

        public ImageSample Get(int index) => new(new byte[8 * 8 * Image.Channels], labels[index], $"image {index}", (8, 8));
    }
}
