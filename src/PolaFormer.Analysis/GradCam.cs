namespace PolaFormer.Analysis;

/// <summary>
/// Grad-CAM (Selvaraju et al., ICCV 2017, https://arxiv.org/abs/1610.02391) on the last feature map: relu of the sum of its channels,
/// each times the mean over places of the logit's derivative by it.
/// </summary>
public static class GradCam
{
    /// <summary>Weights of the feature map's grid, of at least 0, row by row.</summary>
    /// <exception cref="ArgumentException">The network reads its classes off a class token, by which the map of the other tokens has no derivative.</exception>
    public static float[] Of(ClassProbe probe)
    {
        int places = probe.FeatureRows * probe.FeatureColumns;
        if (places == 0)
            throw new ArgumentException("Grad-CAM needs a network that averages its last feature map; this one reads its classes off a class token. Take the rollout of the class.");
        int channels = probe.Features.Length / places;
        float[] mean = new float[channels], map = new float[places];
        for (int i = 0; i < probe.Gradient.Length; i++)
            mean[i % channels] += probe.Gradient[i] / places;
        for (int i = 0; i < probe.Features.Length; i++)
            map[i / channels] += mean[i % channels] * probe.Features[i];
        return [.. map.Select(value => MathF.Max(value, 0))];
    }
}
