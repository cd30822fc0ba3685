using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Models;
using PolaFormer.Pipelines;
using PolaFormer.Tensors;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Cuda.Tests.Networks;

/// <summary>That a classifier on the kernels repeats the pass of an image as one piece of work, and predicts as on the processor.</summary>
public class PredictionTests
{
    private static readonly VisionModelConfig s_config = ModelRegistry.Families.SelectMany(family => family.Tiny).ToDictionary()["pola_pvt"];

    [Fact]
    public void Images_after_the_second_are_one_piece_of_work_each()
    {
        var runtime = new FibreRuntime(order: 0);
        ImageClassifier here = Classifier(Device.Cpu), there = Classifier(new CudaDevice(runtime, "cuda:0"));
        for (int i = 0; i < 4; i++)
        {
            using Image image = Noise(i);
            IReadOnlyList<Prediction> expected = here.Predict(image, s_config.NumClasses), actual = there.Predict(image, s_config.NumClasses);
            Assert.Equal(expected.Select(guess => guess.Index), actual.Select(guess => guess.Index));
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.Probability, pair.Second.Probability, 1e-5f));
        }

        Assert.Equal(2, runtime.CapturedRuns);
    }

    [Fact]
    public void A_network_that_was_made_for_inference_meanwhile_is_taken_down_anew()
    {
        ImageClassifier classifier = Classifier(FibreDevice.Create(order: 0));
        using Image image = Noise(0);
        float before = 0;
        for (int i = 0; i < 3; i++)
            before = classifier.Predict(image, 1)[0].Probability;
        classifier.Model.OptimizeForInference();

        Assert.Equal(before, classifier.Predict(image, 1)[0].Probability, 1e-5f);
    }

    private static ImageClassifier Classifier(Device device)
    {
        VisionModel model = s_config.Create();
        model.Initialize(1);
        model.To(device);
        return new ImageClassifier(model, new EvalTransform(s_config.ImageSize), []);
    }

    private static Image Noise(int seed)
    {
        var image = new Image(s_config.ImageSize, s_config.ImageSize);
        new Random(seed).NextBytes(image.Pixels);
        return image;
    }
}
