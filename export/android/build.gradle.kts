import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    id("com.android.application") version "8.13.2"
    id("org.jetbrains.kotlin.android") version "2.2.21"
}

android {
    namespace = "tf_homo.morph"
    compileSdk = 36
    defaultConfig {
        applicationId = "tf_homo.morph"
        minSdk = 28 // ImageDecoder, which turns photos upright
        targetSdk = 36
        versionCode = 1
        versionName = "1.0"
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

kotlin {
    compilerOptions {
        jvmTarget = JvmTarget.JVM_17
    }
}

dependencies {
    implementation("com.google.ai.edge.litert:litert:2.3.0")
}

val model = file("src/main/assets/morph.tflite")

tasks.named("preBuild") {
    doFirst {
        check(model.exists()) { "$model: missing; write it with python -m export.android.assets" }
    }
}
