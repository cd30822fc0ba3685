using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Training;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Measurement;

/// <summary>What of a network is measured: a forward pass or a training step with random images.</summary>
public static class NetworkPass
{
    private const double LearningRate = 1e-4, WeightDecay = 0.05;

    /// <summary>Makes the network ready for inference.</summary>
    /// <param name="load">Makes it with its weights on the default device.</param>
    /// <returns>Makes the forward pass of a number of images, which a GPU repeats as a whole; the one made before ends.</returns>
    public static Func<int, Action> Inference(Func<VisionModel> load)
    {
        VisionModel model = load();
        model.OptimizeForInference();
        RepeatedPass? pass = null;
        return batch =>
        {
            pass?.Dispose();
            Tensor images = Noise.Images(batch, model.ImageSize);
            RepeatedPass forward = pass = Device.Default.Repeat(() => model.Forward(images));
            return () => forward.Run();
        };
    }

    /// <summary>Makes the network ready for training.</summary>
    /// <param name="load">Makes it with its weights on the default device.</param>
    /// <returns>
    /// Makes the step of a number of images: forward, cross-entropy of smoothed labels, backward and AdamW, which a GPU repeats as a
    /// whole; the one made before ends.
    /// </returns>
    public static Func<int, Action> Training(Func<VisionModel> load)
    {
        VisionModel model = load();
        model.Train();
        var optimizer = new AdamW(ParameterGroup.Split(model, WeightDecay));
        RepeatedPass? pass = null;
        return batch =>
        {
            pass?.Dispose();
            Tensor images = Noise.Images(batch, model.ImageSize);
            int[] labels = [.. Enumerable.Range(0, batch).Select(i => i % model.NumClasses)];
            ulong now = 0;
            Tensor targets = SoftTargets.FromLabels(labels, model.NumClasses, smoothing: 0.1f);
            RepeatedPass step = pass = Device.Default.Repeat(() =>
            {
                RandomStep.Current = new RandomStep(0, now);
                using var tape = Tape.Start();
                Tensor loss = model.Forward(images).CrossEntropy(targets).Mean();
                model.ZeroGrad();
                tape.Backward(loss);
                optimizer.Update();
                return loss;
            });
            return () =>
            {
                now = (ulong)optimizer.StepCount;
                optimizer.Begin(LearningRate);
                step.Run(now);
            };
        };
    }
}
